"""Going through the elements of an XML file that was opened safely, and reading one.

Belongs here: the stream of elements, names and texts, the raw text for quarantine. Stays out: opening, checking and
mending (``xml_safe``), what elements mean (``yml``, ``merchant_rss``, ``commerceml``, ``xml_records``).
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from lxml import etree

from vitrina.feeds.records import QuarantinedRow, Reason
from vitrina.feeds.xml_safe import XmlFile, plain

RAW_LIMIT = 20_000


def elements(xml: XmlFile, tags: Sequence[str], broken: list[QuarantinedRow] | None = None) -> Iterator[etree._Element]:
    """The elements with these local names, in any namespace, in file order; each is emptied after its turn.

    Only the outermost is given where one of them stands inside another. At a fault in the file the stream ends, and
    the fault is put in ``broken``.
    """
    wanted = set(tags)
    number = depth = 0
    with xml.path.open("rb") as stream:
        try:
            for event, element in _events(stream, tags):
                if local(element) not in wanted:
                    continue
                if event == "start":
                    depth += 1
                    continue
                depth -= 1
                if depth:
                    continue
                number += 1
                yield element
                _forget(element)
        except etree.XMLSyntaxError as error:
            if broken is not None:
                message = f"the file breaks off here ({plain(error)}); what stands after it was not read"
                raw = _around(xml.path, error.lineno or 0)
                broken.append(QuarantinedRow(number + 1, Reason.BROKEN_RECORD, message, raw, xml.name))


def _events(stream: IO[bytes], tags: Sequence[str]) -> Iterator[tuple[str, etree._Element]]:
    context: Any = etree.iterparse(
        stream,
        events=("start", "end"),
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
    )
    yield from context


def _forget(element: etree._Element) -> None:
    """Free an element and its former siblings: memory stays flat over any number of records."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _around(path: Path, line: int) -> str:
    """The line of a fault with its neighbours."""
    found: list[str] = []
    with path.open("rb") as stream:
        for number, text in enumerate(stream, 1):
            if number >= line - 2:
                found.append(text[:RAW_LIMIT].decode("utf-8", errors="replace"))
            if number > line + 2:
                break
    return "".join(found)[:RAW_LIMIT]


def local(element: etree._Element) -> str:
    """Local name of an element; "" for comments and entity references."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(element: etree._Element | None) -> str:
    """All text inside an element, trimmed; HTML's named characters become what they mean."""
    if element is None:
        return ""
    if len(element) == 0:
        return (element.text or "").strip()
    parts = [element.text or ""]
    for child in element:
        if isinstance(child, etree._Entity):
            parts.append(html.unescape(child.text or ""))
        elif isinstance(child.tag, str):
            parts.append(text_of(child))
        parts.append(child.tail or "")
    return "".join(parts).strip()


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first direct child with a local name."""
    return next((inner for inner in element if local(inner) == name), None)


def raw_of(element: etree._Element) -> str:
    """The element as text for quarantine."""
    return etree.tostring(element, encoding="unicode", with_tail=False)[:RAW_LIMIT]
