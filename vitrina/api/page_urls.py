"""Addresses of the API's one page."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from vitrina.api.views import keys_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("keys/", keys_page.keys, name="keys"),
    path("keys/<uuid:number>/revoke/", keys_page.revoke, name="revoke_key"),
]
