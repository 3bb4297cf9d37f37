"""Django's registration of the categories app."""

from django.apps import AppConfig


class CategoriesConfig(AppConfig):
    """The categories tables."""

    name = "vitrina.categories"
    label = "categories"
