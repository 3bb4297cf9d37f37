"""Django's registration of the content app."""

from django.apps import AppConfig


class ContentConfig(AppConfig):
    """The content tables."""

    name = "vitrina.content"
    label = "content"
