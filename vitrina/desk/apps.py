"""Django's view of the application."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class DeskConfig(AppConfig):
    """Pages; no tables."""

    name = "vitrina.desk"
    label = "desk"

    def ready(self) -> None:
        """Who signs out holds nothing any more."""
        user_logged_out.connect(_give_back, dispatch_uid="desk.give_back")


def _give_back(user: Any = None, **_signal: Any) -> None:
    from vitrina.review.leases import release_all

    if user is not None:
        release_all(user)
