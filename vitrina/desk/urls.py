"""Every address of the desk. A page says who may open it (``opens_for``); one that does not is closed."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from vitrina.desk.views import health, home, moderation, people, pictures

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("language/", set_language, name="set_language"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("invite/<str:token>/", people.accept_invitation, name="accept_invitation"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite_person, name="invite_person"),
    path("people/reset/<int:request_id>/", people.hand_over_reset, name="hand_over_reset"),
    path("pictures/<str:sha256>/<slug:size>/", pictures.picture, name="picture"),
    path("api/v1/", include("vitrina.api.urls")),
    path("", include("vitrina.api.page_urls")),
    path("", include("vitrina.accounts.urls")),
    path("", include("vitrina.backoffice.urls")),
    path("", include("vitrina.comparison.urls")),
    path("", include("vitrina.numbers.urls")),
    path("", include("vitrina.workbench.urls")),
    path("moderation/", moderation.queue, name="moderation"),
    path("moderation/<int:item_id>/", moderation.item, name="moderation_item"),
    path("moderation/<int:item_id>/decide/", moderation.decide, name="moderation_decide"),
]
handler403 = "vitrina.desk.views.errors.forbidden"
handler404 = "vitrina.desk.views.errors.not_found"
handler500 = "vitrina.desk.views.errors.failed"
