"""Newer data wins, field by field.

Belongs here: the rule as a pure function. Stays out: how rows are read and written (``intake``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vitrina.catalog.rows import DATA_FIELDS, PRICE_FIELDS, says_price

#: field → (drop key, ISO time) for fields that did not come from the row's main drop.
Provenance = dict[str, list[str]]


def _says(name: str, values: Mapping[str, Any]) -> bool:
    value = values[name]
    return value is not None and value != [] and value != {}


def merge(
    current: dict[str, Any],
    current_drop: tuple[str, datetime],
    current_fields: Provenance,
    incoming: dict[str, Any],
    incoming_drop: tuple[str, datetime],
) -> tuple[dict[str, Any], tuple[str, datetime], Provenance]:
    """One product's fields after a drop has spoken.

    A field takes the value of the newest drop that says anything about it; price, currency, old price and price note
    move together. A drop older than what a field has never changes it: it can only fill what nobody has said.

    Args:
        current: Data fields in the catalogue.
        current_drop: Key and time of the drop that most of them came from.
        current_fields: Where the others came from.
        incoming: Data fields of the drop's row.
        incoming_drop: Key and time of the drop.

    Returns:
        Merged fields, the main drop (the newest that contributed), provenance of the other fields.
    """
    merged: dict[str, Any] = {}
    origin: dict[str, tuple[str, datetime]] = {}

    def known(name: str) -> tuple[str, datetime]:
        stored = current_fields.get(name)
        return (stored[0], datetime.fromisoformat(stored[1])) if stored else current_drop

    price_now = says_price(incoming)
    price_known = says_price(current)
    for name in DATA_FIELDS:
        is_price = name in PRICE_FIELDS
        spoken = price_now if is_price else _says(name, incoming)
        present = price_known if is_price else _says(name, current)
        since = known("price" if is_price else name)
        newer = incoming_drop[1] >= since[1]
        if spoken and (newer or not present):
            merged[name], origin[name] = incoming[name], incoming_drop
        else:
            merged[name], origin[name] = current[name], since
    main = incoming_drop if any(o == incoming_drop for o in origin.values()) else current_drop
    if current_drop[1] > main[1]:
        main = current_drop
    others = {
        name: [drop[0], drop[1].isoformat()]
        for name, drop in origin.items()
        if drop != main and (_says(name, merged) or name == "price") and name not in PRICE_FIELDS[1:]
    }
    return merged, main, others
