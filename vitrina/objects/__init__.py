"""The object store: the same keys in a local folder and in an S3 bucket.

Belongs here: put, get, list, download. Stays out: what the keys mean (drops, models, exports have services of their own).
"""

from vitrina.objects.store import FolderStore, ObjectInfo, ObjectStore, S3Store, open_store

__all__ = ["FolderStore", "ObjectInfo", "ObjectStore", "S3Store", "open_store"]
