"""Django's view of the application."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class ComparisonConfig(AppConfig):
    """Pages; no tables."""

    name = "vitrina.comparison"
    label = "comparison"

    def ready(self) -> None:
        """Who signs out gives back what they hold."""
        user_logged_out.connect(_give_back, dispatch_uid="comparison-give-back")


def _give_back(user: Any, **_rest: Any) -> None:
    from vitrina.review.leases import release_all

    if user is not None:
        release_all(user)
