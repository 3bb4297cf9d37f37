"""Django's registration of the catalog app."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The catalog tables."""

    name = "vitrina.catalog"
    label = "catalog"
