"""Addresses of the admin."""

from __future__ import annotations

from typing import Any

from django.urls import path

from vitrina.backoffice import people, records, reference
from vitrina.backoffice.names import name_tables
from vitrina.backoffice.site import site

if not site.is_registered(people.User):
    people.register()
    reference.register()
    records.register()
    name_tables()

urlpatterns: list[Any] = [path("admin/", site.urls)]
