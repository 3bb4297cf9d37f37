"""Django's registration of the images app."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    """The tables of pictures."""

    name = "vitrina.images"
    label = "images"
