"""Which store the settings mean."""

from __future__ import annotations

from typing import Any

from vitrina.config import Settings
from vitrina.objects.folder import FolderStore
from vitrina.objects.port import ObjectMissing, ObjectStore
from vitrina.objects.s3 import S3Store

__all__ = ["ObjectMissing", "ObjectStore", "open_store"]


def open_store(settings: Settings) -> ObjectStore:
    """The bucket of the settings, else the local folder."""
    if settings.s3_bucket is None:
        return FolderStore(settings.objects_folder)

    def secret(value: Any) -> str | None:
        return value.get_secret_value() if value is not None else None

    return S3Store(
        settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url,
        access_key_id=secret(settings.s3_access_key_id),
        secret_access_key=secret(settings.s3_secret_access_key),
        region=settings.s3_region,
        prefix=settings.s3_prefix,
    )
