"""Django's view of the application."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """Pages; no tables."""

    name = "vitrina.workbench"
    label = "workbench"
