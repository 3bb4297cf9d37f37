"""Newer data wins, field by field.

Belongs here: the rule as a pure function. Stays out: how rows are read and written (``incoming``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from vitrina.catalog.rows import DATA_FIELDS, PRICE_FIELDS, says_price

#: field → [drop key, ISO time] for fields that did not come from the row's main drop.
Provenance = dict[str, list[str]]
#: Provenance of "no longer listed": the full list that lacked the product.
LISTED = "listed"


class Spoken(NamedTuple):
    """A drop that said something, ordered by its time, which no other drop of its source has (``drop_times``). The key
    settles what ties there may be in tables of former versions: the order in which drops are read must not decide."""

    time: datetime
    key: str

    @classmethod
    def stored(cls, value: list[str]) -> Spoken:
        """From the form that ``field_drops`` has."""
        return cls(datetime.fromisoformat(value[1]), value[0])

    def as_list(self) -> list[str]:
        """The form that ``field_drops`` has."""
        return [self.key, self.time.isoformat()]


def _says(name: str, values: Mapping[str, Any]) -> bool:
    value = values[name]
    return value is not None and value != [] and value != {}


def merge(
    current: Mapping[str, Any],
    spoken: Spoken,
    provenance: Provenance,
    incoming: Mapping[str, Any],
    mine: Spoken,
) -> tuple[dict[str, Any], bool, Provenance]:
    """One product's fields after a drop has spoken.

    A field takes the value of the newest drop that says anything about it; price, currency, old price and price note
    move together. A drop older than what a field has never changes it: it can only fill what nobody has said.

    Args:
        current: Data fields in the catalogue.
        spoken: The newest drop that said the row as it stands: its main drop, or a later one that confirmed it.
        provenance: Where the other fields came from.
        incoming: Data fields of the drop's row.
        mine: The drop.

    Returns:
        Merged fields; whether the drop is the row's main drop now (it contributed, and nothing newer did); provenance
        of the fields that are not the main drop's.
    """
    merged: dict[str, Any] = {}
    origin: dict[str, Spoken] = {}
    price_now, price_known = says_price(incoming), says_price(current)
    for name in DATA_FIELDS:
        is_price = name in PRICE_FIELDS
        stored = provenance.get("price" if is_price else name)
        since = Spoken.stored(stored) if stored else spoken
        says = price_now if is_price else _says(name, incoming)
        present = price_known if is_price else _says(name, current)
        if says and (mine >= since or not present):
            merged[name], origin[name] = incoming[name], mine
        else:
            merged[name], origin[name] = current[name], since
    is_main = mine >= spoken and any(drop == mine for drop in origin.values())
    main = mine if is_main else spoken
    others = {
        name: drop.as_list()
        for name, drop in origin.items()
        if drop != main and (_says(name, merged) or name == "price") and name not in PRICE_FIELDS[1:]
    }
    return merged, is_main, others
