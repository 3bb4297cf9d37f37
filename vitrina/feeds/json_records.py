"""JSON files as tables: Wildberries, Instagram, and the JSON of any other shop.

Belongs here: telling the dialects apart and making tables of records. Stays out: the dialects themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from vitrina.feeds import instagram, wildberries
from vitrina.feeds.json_keys import is_product_like
from vitrina.feeds.json_stream import JsonFile, Record, no_products, open_json
from vitrina.feeds.records import DropFile, DropUnreadable, Fault, NoProducts, RawRow, SourceConfig, Table
from vitrina.feeds.shop_json import flatten
from vitrina.feeds.utf8 import read_head

#: Records looked at before the first is given out: for the dialect, the headers, and Instagram's filler values.
SAMPLE = 1000
_CURRENCY = re.compile(rb'"curr"\s*:\s*"([A-Za-z]{3})"')


def sniff(head: bytes, name: str) -> bool:
    """Whether the head looks like JSON: an object or a list, or a scalar in a file called ``.json``."""
    start = head.lstrip()[:1]
    return start in (b"{", b"[") or name.lower().endswith((".json", ".jsonl", ".ndjson"))


def read(file: DropFile, config: SourceConfig) -> Iterator[Table]:
    """One table with the records of a JSON file of any shape.

    Raises:
        DropUnreadable: The file is not JSON, or no record in it can be read.
        NoProducts: Sound JSON of another kind; the message says which.
    """
    found = open_json(file, config)
    _refuse_other_answers(file, found)
    sample = list(islice(found.rows, SAMPLE))
    if not sample:
        _refuse_empty(file, found)
    rows = chain(sample, found.rows)
    records = [record for _, record in sample]
    if wildberries.matches(records[:100]):
        currency = _CURRENCY.search(read_head(file.path))
        code = currency.group(1).decode().upper() if currency else "RUB"
        yield _table("wildberries", found, file, rows, lambda record: wildberries.product(record, code))
        return
    if instagram.matches(records[:100]):
        reader = instagram.Posts(records)
        found.notes.extend(reader.notes)
        yield Table(
            "instagram", reader.rows(rows, file, found.broken), found.encoding, True, [], found.broken, found.notes
        )
        return
    if found.places and not is_product_like(found.places[0].found):
        found.notes.append("the records have few keys that goods have: check that this is a product list")
    headers = dict.fromkeys(key for record in records for key in flatten(record))
    table = _table(found.shape, found, file, rows, flatten)
    table.canonical, table.headers = False, list(headers)
    yield table


def _table(
    name: str,
    found: JsonFile,
    file: DropFile,
    rows: Iterator[Record],
    make: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Table:
    raws = (RawRow(number, make(record), None, file.name) for number, record in rows)
    return Table(name, raws, found.encoding, True, [], found.broken, found.notes)


def _refuse_other_answers(file: DropFile, found: JsonFile) -> None:
    best = frozenset(found.places[0].keys) if found.places else frozenset()
    others = [frozenset(place.keys) for place in found.looked.places]
    kind = wildberries.other_answer(found.looked.top_keys, best, others)
    if kind:
        raise NoProducts(f"{file.name} holds no products: it is {kind}.", hint="Remove it from the drop.")
    alone = found.places and found.places[0].shape == "top" and found.places[0].objects == 1
    if alone and found.shape == "json" and "title" not in found.places[0].found:
        raise no_products(file, found.looked)


def _refuse_empty(file: DropFile, found: JsonFile) -> None:
    if found.broken:
        first = found.broken[0]
        raise DropUnreadable(
            f"{file.name}: none of its {len(found.broken)} records can be read; the first: {first.message}.",
            hint="Write the drop again; the beginning of the first record is " + repr(first.raw[:80]),
            fault=Fault.CUT_OFF,
        )
    raise NoProducts(f"{file.name} is JSON with an empty list of products.", hint="Check what the parser found.")
