"""Django's view of the application."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API and its counters."""

    name = "vitrina.api"
    label = "api"

    def ready(self) -> None:
        """The OpenAPI description learns of our authentication."""
        from vitrina.api import schema  # noqa: F401
