"""The object store of the settings: a bucket or a local folder. Stays out: what keys mean."""

import dagster as dg

from vitrina.config import get_settings
from vitrina.objects import ObjectStore, open_store


class ObjectStoreResource(dg.ConfigurableResource):
    """Opens the store; S3 clients connect at first use."""

    def store(self) -> ObjectStore:
        """The store of the settings."""
        return open_store(get_settings())
