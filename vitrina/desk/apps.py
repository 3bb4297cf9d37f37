"""Django's view of the application."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Pages; no tables."""

    name = "vitrina.desk"
    label = "desk"
