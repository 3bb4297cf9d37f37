"""Django's registration of the vectors app."""

from django.apps import AppConfig


class VectorsConfig(AppConfig):
    """The vectors tables."""

    name = "vitrina.vectors"
    label = "vectors"
