"""Django's registration of the catalog app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    """The catalog tables."""

    name = "vitrina.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Rights are granted when the migrations of all applications are done: this one stands for them."""
        from vitrina.project.rights import grant_rights

        post_migrate.connect(grant_rights, sender=self, dispatch_uid="rights")
