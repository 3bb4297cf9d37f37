"""Any other shop's XML: the element that repeats is the record.

Belongs here: finding it and making flat columns of it. Stays out: formats with a fixed meaning (``yml``,
``merchant_rss``, ``commerceml``); which column means what (``columns``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from lxml import etree

from vitrina.feeds.json_keys import PART_NAMES, fold, kinds, score
from vitrina.feeds.records import DropFile, NoProducts, RawRow, SourceConfig, Table
from vitrina.feeds.xml_elements import elements, local, raw_of, text_of
from vitrina.feeds.xml_safe import XmlFile
from vitrina.feeds.xml_shape import shape_of

_SAMPLE = 1000
_MAX_KEYS = 400


def table(xml: XmlFile, file: DropFile, config: SourceConfig) -> Table:
    """The records of a shop's own XML as a table for column recognition.

    Raises:
        NoProducts: Nothing in it repeats and has fields.
    """
    tag = _record_tag(xml, config.mapping)
    if tag is None:
        raise NoProducts(
            f"{file.name} is XML (<{xml.root}>) without product records: no element with several fields was found.",
            hint="Known feeds are Yandex Market YML, Google Merchant, CommerceML and lists of product elements.",
        )
    result = Table("xml", (), xml.encoding, notes=[*xml.notes, f"each <{tag}> was taken as a record"])
    rows = _rows(xml, tag, result)
    head = list(islice(rows, _SAMPLE))
    result.headers = list(dict.fromkeys(key for row in head for key in row.values))
    result.rows = chain(head, rows)
    return result


def _record_tag(xml: XmlFile, mapping: Mapping[str, str]) -> str | None:
    best: tuple[int, int, str] | None = None
    for tag, (count, fields) in shape_of(xml).items():
        if tag == xml.root or not fields or (fold(tag) in PART_NAMES and fold(tag) != "offers"):
            continue
        found = kinds(fields, mapping)
        rank = (score(found) if "title" in found else 0, count, tag)
        if len(fields) >= 2 and (best is None or rank > best):
            best = rank
    return best[2] if best else None


def _rows(xml: XmlFile, tag: str, result: Table) -> Iterator[RawRow]:
    for number, element in enumerate(elements(xml, (tag,), result.broken), 1):
        flat: dict[str, Any] = {}
        _flatten(flat, "", element, 0)
        yield RawRow(number, flat, None if flat else raw_of(element), xml.name)


def _flatten(flat: dict[str, Any], prefix: str, element: etree._Element, depth: int) -> None:
    for name, value in element.attrib.items():
        _add(flat, f"{prefix}.{_local_name(name)}" if prefix else _local_name(name), str(value).strip())
    for inner in element:
        tag = local(inner)
        if not tag or len(flat) > _MAX_KEYS:
            continue
        name = f"{prefix}.{tag}" if prefix else tag
        if len(inner) == 0 or depth >= 4:
            label = (inner.get("name") or inner.get("Name") or "").strip() if inner.attrib else ""
            _add(flat, f"{name}.{label}" if label else name, text_of(inner))
            if not label:
                for attribute, value in inner.attrib.items():
                    _add(flat, f"{name}.{_local_name(attribute)}", str(value).strip())
        elif {local(one) for one in inner} == {local(inner[0])}:
            for one in inner:  # a list: its elements go by the name of the list
                if len(one) == 0:
                    _add(flat, name, text_of(one))
                else:
                    _flatten(flat, name, one, depth + 1)
        else:
            _flatten(flat, name, inner, depth + 1)


def _local_name(name: str | bytes) -> str:
    return str(name).rpartition("}")[2]


def _add(flat: dict[str, Any], name: str, text: str) -> None:
    if not text:
        flat.setdefault(name, None)
    elif flat.get(name) is None:
        flat[name] = text
    elif isinstance(flat[name], list):
        flat[name].append(text)
    else:
        flat[name] = [flat[name], text]
