"""Which places of a JSON document hold the products.

Belongs here: the choice among what ``json_survey`` saw, and walking to it. Stays out: the look itself, reading records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vitrina.feeds.json_keys import PART_NAMES, fold, is_product_like, kinds, score
from vitrina.feeds.json_survey import Found


def choose(places: list[Found], mapping: Mapping[str, str] | None = None) -> list[Found]:
    """The places whose objects are products, largest first: none, one, or several lists of the same kind.

    A list inside a product (variants, sizes) is never chosen while what holds it has a title. Categories that hold
    products lose to the products, because these have prices.
    """
    for place in places:
        place.found = kinds(place.keys, mapping)
    candidates = [p for p in places if p.keys and not _is_part(p, places) and not _is_exception(p, places)]
    if not candidates:
        return []
    likely = [place for place in candidates if is_product_like(place.found)]
    likely = [place for place in likely if not any(_inside(place, other) for other in likely if _sells(other))]
    if not likely:
        best = max(candidates, key=lambda p: ("title" in p.found, score(p.found), p.objects, -len(p.path)))
        return [best]
    best = max(likely, key=lambda p: (_sells(p), p.objects, score(p.found), -len(p.path)))
    alike = [place for place in likely if place is not best and _same_kind(place, best) and not _inside(best, place)]
    return [best, *(place for place in alike if not _inside(place, best))]


def _sells(place: Found) -> bool:
    return "title" in place.found and "price" in place.found


def _same_kind(one: Found, other: Found) -> bool:
    if one.shape != other.shape:
        return False
    left, right = set(one.keys), set(other.keys)
    return _sells(one) == _sells(other) and 2 * len(left & right) >= len(left | right)


def _inside(inner: Found, outer: Found) -> bool:
    if inner is outer or (inner.path, inner.shape) == (outer.path, outer.shape):
        return False
    if outer.shape == "top":
        return True
    if outer.shape == "map":
        return len(inner.path) > len(outer.path) and inner.path[: len(outer.path)] == outer.path
    prefix = (*outer.path, "item")
    return inner.path[: len(prefix)] == prefix


def _is_part(place: Found, places: list[Found]) -> bool:
    names = [part for part in place.path if part != "item"]
    if len(names) > 1 and names[-1] in ("edges", "nodes", "items", "data"):
        names.pop()  # the list of a part: variants.edges
    if not names or fold(names[-1]) not in PART_NAMES:
        return False
    return any("title" in kinds(other.keys) and _inside(place, other) for other in places)


def _is_exception(place: Found, places: list[Found]) -> bool:
    """A few elements of a list that hold nothing but objects, while most are records themselves."""
    if place.shape != "map" or place.path[-1:] != ("item",):
        return False
    return any(o.shape == "list" and o.path == place.path[:-1] and 2 * place.sampled < o.objects for o in places)


def walk(value: Any, place: Found) -> list[Any]:
    """The records of ``place`` inside one parsed top-level value."""
    if place.shape == "top":
        return [value]
    level = [value]
    for part in place.path:
        if part == "item":
            level = [inner for outer in level if isinstance(outer, list) for inner in outer]
        else:
            level = [outer[part] for outer in level if isinstance(outer, dict) and part in outer]
    if place.shape == "list":
        return [inner for outer in level if isinstance(outer, list) for inner in outer]
    return [
        {"id": key, **inner} if isinstance(inner, dict) else inner
        for outer in level
        if isinstance(outer, dict)
        for key, inner in outer.items()
    ]
