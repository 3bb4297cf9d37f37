"""The application ``drift``."""

from django.apps import AppConfig


class DriftConfig(AppConfig):
    """What the champion says of new votes."""

    name = "vitrina.drift"
    label = "drift"
