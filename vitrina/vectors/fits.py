"""Fits of the LSA embedder in the object store: saved once, never changed, found by their id.

Belongs here: keys, loading with a small cache. Stays out: which fit is active (``dense``), the fit itself
(``embedders``).
"""

from __future__ import annotations

import re
import tempfile
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from vitrina.objects import ObjectMissing, ObjectStore
from vitrina.vectors.embedders import LsaEmbedder

PREFIX = "models/embedder/"
_ID = re.compile(r"lsa\d{1,4}-v\d{1,4}-[0-9a-f]{12}")
#: A fit takes up to 30 MB; two are in use while collections go over from one to the next.
_KEPT = 2
_loaded: OrderedDict[tuple[str, str], LsaEmbedder] = OrderedDict()
_lock = Lock()


def is_fit_id(name: str) -> bool:
    """Whether a name has the form of a fit's id; nothing else may become part of a key."""
    return _ID.fullmatch(name) is not None


def save_fit(store: ObjectStore, fit: LsaEmbedder) -> None:
    """Put the fit where :func:`load_fit` finds it."""
    with tempfile.TemporaryDirectory(prefix="vitrina-fit-") as folder:
        path = Path(folder) / "fit.npz"
        fit.save(path)
        store.upload(_key(fit.id), path)


def load_fit(store: ObjectStore, embedder_id: str) -> LsaEmbedder | None:
    """The fit of this id, ``None`` when there is none.

    Raises:
        ModelFileError: The file is damaged.
    """
    if not is_fit_id(embedder_id):
        return None
    place = (store.describe(), embedder_id)
    with _lock:
        if place not in _loaded:
            fit = _read(store, _key(embedder_id))
            if fit is None:
                return None
            _loaded[place] = fit
            while len(_loaded) > _KEPT:
                _loaded.popitem(last=False)
        _loaded.move_to_end(place)
        return _loaded[place]


def fit_ids(store: ObjectStore) -> list[str]:
    """Ids of all fits in the store."""
    names = (info.key.removeprefix(PREFIX).removesuffix(".npz") for info in store.list(PREFIX))
    return sorted(name for name in names if is_fit_id(name))


def _key(embedder_id: str) -> str:
    return f"{PREFIX}{embedder_id}.npz"


def _read(store: ObjectStore, key: str) -> LsaEmbedder | None:
    try:
        with tempfile.TemporaryDirectory(prefix="vitrina-fit-") as folder:
            path = Path(folder) / "fit.npz"
            store.download(key, path)
            return LsaEmbedder.load(path)
    except ObjectMissing:
        return None
