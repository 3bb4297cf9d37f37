"""Django's view of the application."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """The admin; no tables of its own."""

    name = "vitrina.backoffice"
    label = "backoffice"
