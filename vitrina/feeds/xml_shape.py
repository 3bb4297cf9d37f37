"""The shape of an unknown XML file: which elements repeat, and what stands in them.

Belongs here: counting names without building a tree. Stays out: reading records (``xml_records``).
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from vitrina.feeds.xml_safe import XmlFile, feed, safe_parser

#: Element name → (how often it stands in the file, names of its children and attributes).
Shape = dict[str, tuple[int, set[str]]]


class _Counter:
    """A parser target that counts."""

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.found: Shape = {}

    def start(self, tag: str, attributes: Any) -> None:
        name = tag.rpartition("}")[2]
        count, fields = self.found.get(name, (0, set()))
        fields.update(str(key) for key in attributes)
        self.found[name] = (count + 1, fields)
        if self.stack:
            self.found[self.stack[-1]][1].add(name)
        self.stack.append(name)

    def end(self, _: str) -> None:
        self.stack.pop()

    def close(self) -> Shape:
        return self.found


def shape_of(xml: XmlFile) -> Shape:
    """The shape up to the end, or to the fault (which is reported when the records are read)."""
    target = _Counter()
    try:
        feed(safe_parser(target), xml.path)
    except (etree.XMLSyntaxError, AssertionError, ValueError):
        return target.found
    return target.found
