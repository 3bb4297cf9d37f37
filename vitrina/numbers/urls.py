"""Addresses of this application's pages. A page says who may open it (``opens_for``)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from vitrina.numbers.views import agreement, drops, gateway, overview, people

urlpatterns: list[URLPattern | URLResolver] = [
    path("numbers/", overview.numbers, name="numbers"),
    path("numbers/overview/", overview.overview, name="numbers_overview"),
    path("numbers/me/", people.me, name="numbers_me"),
    path("numbers/me/team/", people.show_to_team, name="numbers_show_to_team"),
    path("numbers/people/", people.people, name="numbers_people"),
    path("numbers/people/<int:user_id>/", people.person, name="numbers_person"),
    path("numbers/agreement/", agreement.agreement, name="numbers_agreement"),
    path("numbers/gateway/", gateway.gateway, name="numbers_gateway"),
    path("numbers/drops/", drops.drops, name="numbers_drops"),
    path("numbers/drops/<int:drop_id>/", drops.drop, name="numbers_drop"),
    path("numbers/templates/", drops.templates, name="numbers_templates"),
]
