"""Every address of the desk. A page says who may open it (``opens_for``); one that does not is closed."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from vitrina.desk.views import accounts, bulk, deciding, flags, health, home, moderation, people, pictures, saved

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
    path("people/<int:user_id>/role/", accounts.change_role, name="change_role"),
    path("people/<int:user_id>/close/", accounts.close_account, name="close_account"),
    path("people/<int:user_id>/reopen/", accounts.reopen_account, name="reopen_account"),
    path("people/<int:user_id>/password/", accounts.password_link, name="password_link"),
    path("people/invitations/<int:invitation_id>/withdraw/", accounts.withdraw_invitation, name="withdraw_invitation"),
    path("pictures/<str:sha256>/<slug:size>/", pictures.picture, name="picture"),
    path("api/v1/", include("vitrina.api.urls")),
    path("", include("vitrina.api.page_urls")),
    path("", include("vitrina.accounts.urls")),
    path("", include("vitrina.backoffice.urls")),
    path("", include("vitrina.comparison.urls")),
    path("", include("vitrina.numbers.urls")),
    path("", include("vitrina.workbench.urls")),
    path("moderation/", moderation.queue, name="moderation"),
    path("moderation/next/", moderation.following, name="moderation_next"),
    path("moderation/rows/", moderation.rows, name="moderation_rows"),
    path("moderation/mine/", moderation.mine, name="moderation_mine"),
    path("moderation/flagged/", flags.flags, name="moderation_flagged"),
    path("moderation/flagged/<int:item_id>/", flags.answer, name="moderation_answer_flag"),
    path("moderation/views/", saved.views, name="moderation_views"),
    path("moderation/views/keep/", saved.keep, name="moderation_view_keep"),
    path("moderation/views/<int:view_id>/name/", saved.name, name="moderation_view_name"),
    path("moderation/views/<int:view_id>/remove/", saved.remove, name="moderation_view_remove"),
    path("moderation/beat/", deciding.beat, name="moderation_beat"),
    path("moderation/leave/", deciding.leave, name="moderation_leave"),
    path("moderation/undo/", deciding.undo, name="moderation_undo"),
    path("moderation/show-again/", deciding.show_again, name="moderation_show_again"),
    path("moderation/bulk/", bulk.bulk, name="moderation_bulk"),
    path("moderation/<int:item_id>/", moderation.item, name="moderation_item"),
    path("moderation/<int:item_id>/decide/", deciding.decide, name="moderation_decide"),
    path("moderation/<int:item_id>/later/", deciding.later, name="moderation_later"),
    path("moderation/<int:item_id>/assign/", deciding.assign, name="moderation_assign"),
    path("moderation/<int:item_id>/check/", deciding.check, name="moderation_check"),
]
handler403 = "vitrina.desk.views.errors.forbidden"
handler404 = "vitrina.desk.views.errors.not_found"
handler500 = "vitrina.desk.views.errors.failed"
