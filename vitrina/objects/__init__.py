"""The object store: the same keys in a local folder and in an S3 bucket.

Belongs here: put, get, list, download. Stays out: what the keys mean; drops, models and exports have services for it.
"""

from vitrina.objects.folder import FolderStore
from vitrina.objects.port import ObjectInfo, ObjectMissing, ObjectStore, ObjectTooLarge
from vitrina.objects.s3 import S3Store
from vitrina.objects.store import open_store

__all__ = ["FolderStore", "ObjectInfo", "ObjectMissing", "ObjectStore", "ObjectTooLarge", "S3Store", "open_store"]
