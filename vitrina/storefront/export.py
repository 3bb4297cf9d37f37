"""Writing the export: built in memory, checked, then put file by file; unchanged files are left alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.objects import ObjectMissing, ObjectStore
from vitrina.storefront.items import published_items
from vitrina.storefront.tables import to_csv, to_jsonl
from vitrina.storefront.yml_feed import build_feed, check_feed

EXPORT_PREFIX = "exports/storefront/"
_MANIFEST = EXPORT_PREFIX + "manifest.json"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One written file."""

    key: str
    size: int
    products: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export wrote. ``left_out`` names products that the market feed cannot carry."""

    products: int
    changed: bool
    place: str
    files: tuple[ExportedFile, ...]
    left_out: list[tuple[int, str]]


def export_storefront(store: ObjectStore, settings: Settings) -> ExportResult:
    """Write JSON Lines, CSV and YML of everything on show.

    Raises:
        PermanentError: the market feed breaks a rule; nothing is written then.
    """
    items = list(published_items(settings.cdn_prefix, settings.language))
    jsonl = to_jsonl(items)
    shop = "\0".join((settings.shop_name, settings.shop_company, settings.shop_url))
    # The feed's date changes at every call, so what it is made from is compared and not its bytes.
    digest = hashlib.sha256(jsonl + shop.encode()).hexdigest()
    feed, left_out = build_feed(
        items, shop=settings.shop_name, company=settings.shop_company, url=settings.shop_url, now=datetime.now(UTC)
    )
    if broken := check_feed(feed):
        raise PermanentError("The market feed breaks its rules: " + "; ".join(broken[:5]))
    outputs = {"products.jsonl": (jsonl, len(items)), "products.csv": (to_csv(items), len(items)),
               "market.yml": (feed, len(items) - len(left_out))}  # fmt: skip
    files = tuple(
        ExportedFile(EXPORT_PREFIX + name, len(data), count, hashlib.sha256(data).hexdigest())
        for name, (data, count) in outputs.items()
    )
    changed = _former_digest(store) != digest
    if changed:
        for file, (data, _) in zip(files, outputs.values(), strict=True):
            store.put(file.key, data)
        manifest = {
            "digest": digest,
            "exported_at": datetime.now(UTC).isoformat(),
            "files": [{"key": f.key, "size": f.size, "products": f.products, "sha256": f.sha256} for f in files],
        }
        store.put(_MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    place = f"{store.describe().rstrip('/')}/{EXPORT_PREFIX.rstrip('/')}"
    return ExportResult(len(items), changed, place, files, [(left.product_id, left.rule) for left in left_out])


def _former_digest(store: ObjectStore) -> str | None:
    try:
        return str(orjson.loads(store.get(_MANIFEST))["digest"])
    except (ObjectMissing, KeyError, ValueError):
        return None
