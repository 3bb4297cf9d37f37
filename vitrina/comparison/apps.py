"""Django's view of the application."""

from django.apps import AppConfig


class ComparisonConfig(AppConfig):
    """Pages; no tables."""

    name = "vitrina.comparison"
    label = "comparison"
