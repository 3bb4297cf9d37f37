"""Django's view of the application."""

from django.apps import AppConfig


class NumbersConfig(AppConfig):
    """Pages; no tables."""

    name = "vitrina.numbers"
    label = "numbers"
