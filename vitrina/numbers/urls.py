"""Addresses of this application's pages. A page says who may open it (``opens_for``)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
