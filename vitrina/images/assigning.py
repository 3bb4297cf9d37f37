"""Which addresses a product shows: its list in the catalogue as rows, in order.

Belongs here: lists to rows, replacing what changed. Stays out: asking for the addresses (``service``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import transaction

from vitrina.images.addresses import Address, AddressRules, BadAddress, digest_of, parse, split_list
from vitrina.images.models import PictureUrl, ProductPicture
from vitrina.warehouse import copy_upsert
from vitrina.warehouse.text import storable

_GROUP = 2000


@dataclass(slots=True)
class Assigned:
    """What one call changed. ``products`` is how many have a picture's address at all."""

    products: int = 0
    addresses: int = 0
    new_addresses: int = 0
    changed: int = 0


def assign(products: Iterable[tuple[int, list[Any]]], rules: AddressRules, most: int) -> Assigned:
    """Write the addresses of products, given as (id, list of texts). The same lists again change no row.

    Args:
        most: Addresses kept for one product, the first of its list.
    """
    result = Assigned()
    rows = iter(products)
    while group := list(islice(rows, _GROUP)):
        _assign(group, rules, most, result)
    return result


def _assign(group: list[tuple[int, list[Any]]], rules: AddressRules, most: int, result: Assigned) -> None:
    wanted: dict[tuple[int, int], Any] = {}
    addresses: dict[Any, tuple[Any, ...]] = {}
    for product, texts in group:
        position = 0
        seen = set()
        for row in _rows(texts, rules):
            if position < most and row[0] not in seen:
                seen.add(row[0])
                addresses[row[0]] = row
                wanted[product, position] = row[0]
                position += 1
        result.products += position > 0
    result.addresses += len(wanted)
    now = datetime.now(UTC)
    with transaction.atomic():
        written = copy_upsert(
            PictureUrl,
            ("digest", "url", "host", "state", "reason", "message", "next_try_at"),
            # This machine's clock and not the database's: the same one says what is due.
            ((*row, now) for row in sorted(addresses.values(), key=lambda row: row[0])),
            key=("digest",),
            compare=(),  # what has become of a known address stands
        )
        result.new_addresses += written.inserted
        known = dict(PictureUrl.objects.filter(digest__in=list(addresses)).values_list("digest", "id"))
        places = [(product, position, known[digest]) for (product, position), digest in wanted.items()]
        moved = copy_upsert(ProductPicture, ("product", "position", "url"), places, key=("product", "position"))
        standing = ProductPicture.objects.filter(product__in=[product for product, _ in group])
        left_over = [pk for pk, *place in standing.values_list("id", "product_id", "position")
                     if tuple(place) not in wanted]  # fmt: skip
        if left_over:
            ProductPicture.objects.filter(pk__in=left_over).delete()
        result.changed += moved.inserted + moved.updated + len(left_over)


def _rows(texts: list[Any], rules: AddressRules) -> Iterator[tuple[Any, ...]]:
    """(digest, url, host, state, reason, message) of each address; one that is never asked is refused at once."""
    for text in split_list(texts if isinstance(texts, list) else []):
        try:
            address: Address = parse(text, rules)
        except BadAddress as bad:
            shown = storable(text[:2000])
            yield digest_of(shown), shown, "", "refused", bad.reason.value, storable(str(bad))
        else:
            yield address.digest, address.url, address.host, "waiting", "", ""
