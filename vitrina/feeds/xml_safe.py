"""XML from strangers: streamed, without entities, without the network.

Belongs here: opening an XML file safely, mending what can be mended without loss, telling what it is. Stays out: going
through its elements (``xml_elements``), the formats (``yml``, ``merchant_rss``, ``commerceml``, ``xml_records``).

Entities are never resolved. A document that declares any is refused before its content is read: no product feed needs
them, and they are how bombs and file thefts are made. An external DTD is only named, never fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from lxml import etree

from vitrina.feeds import xml_mend
from vitrina.feeds.records import DropFile, DropUnreadable, Fault
from vitrina.feeds.scratch import Scratch
from vitrina.feeds.utf8 import guess_encoding, read_head

_CHUNK = 256 * 1024
_PROLOG_BYTES = 1 << 20
#: Bytes from one "<" to the next. 50 MB of attributes in one tag took 7 s and 2 GB, 4 MB take 0.5 s and 180 MB.
TAG_LIMIT = 4_000_000


@dataclass(slots=True)
class XmlFile:
    """An XML file that may be gone through several times.

    Attributes:
        path: The file, or its mended copy.
        root: Local name of the root element; ``namespace`` its namespace or "".
        tags: Local names of the elements in the head, in order of first appearance.
        fault: What ends the readable part, ``None`` for well-formed files.
    """

    name: str
    path: Path
    root: str
    namespace: str
    tags: list[str]
    encoding: str
    notes: list[str] = field(default_factory=list)
    fault: str | None = None
    scratch: Scratch | None = None


def open_xml(file: DropFile, encoding: str | None = None) -> XmlFile:
    """Check a file to its end and find what it is; not well-formed files are mended where nothing is lost.

    Raises:
        DropUnreadable: It declares entities, or not even a root element can be found.
    """
    problem = _check(file.path, file.name, encoding)
    path, notes, scratch = file.path, [], None
    if problem:
        scratch = Scratch()
        path = scratch.new_file(".xml")
        notes = xml_mend.mend(file.path, path, encoding)
        still = _check(path, file.name, None)
        if still:
            notes.append(f"the file is not well-formed: {still}")
        problem = still
    prolog = _prolog(path, file.name)
    return XmlFile(
        name=file.name,
        path=path,
        root=prolog.root,
        namespace=prolog.namespace,
        tags=list(prolog.tags),
        encoding=(encoding or prolog.encoding or guess_encoding(read_head(path, 4096))[0]).lower(),
        notes=notes,
        fault=problem,
        scratch=scratch,
    )


class _Nothing:
    """A parser target that builds nothing: the syntax is checked in C at full speed."""

    def close(self) -> None:
        return None


def safe_parser(target: Any = None, encoding: str | None = None) -> etree.XMLParser:
    return etree.XMLParser(
        target=target,
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
    )


def _check(path: Path, name: str, encoding: str | None) -> str | None:
    """The first fault of the syntax in words, or ``None``; raises DropUnreadable beyond :data:`TAG_LIMIT`."""
    try:
        parser = safe_parser(_Nothing(), encoding)
    except LookupError:
        raise DropUnreadable(f"The encoding {encoding!r} in source.yaml is not known.") from None
    try:
        feed(parser, path)
    except _TooLong:
        raise DropUnreadable(
            f"{name}: one tag with its text is longer than {TAG_LIMIT:,} bytes; it was not read.",
            hint="No product feed has such tags; write pictures and files as addresses instead of their content.",
            fault=Fault.TOO_LARGE,
        ) from None
    except (etree.XMLSyntaxError, AssertionError, ValueError) as error:
        return plain(error)
    return None


class _TooLong(Exception):
    """One tag, or a tag and its text, is beyond :data:`TAG_LIMIT`."""


def feed(parser: etree.XMLParser, path: Path) -> None:
    """Feed a whole file to a parser with a target."""
    since = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            # No attribute may hold a "<", so the distance between two of them bounds a tag.
            first, last = chunk.find(b"<"), chunk.rfind(b"<")
            if since + (first if first >= 0 else len(chunk)) > TAG_LIMIT:
                raise _TooLong
            since = since + len(chunk) if last < 0 else len(chunk) - last
            parser.feed(chunk)
    parser.close()


def plain(error: BaseException) -> str:
    """A fault of the syntax in a line."""
    return (str(error).split("\n", 1)[0] or "no content")[:300]


class _Stop(Exception):
    """Enough of the prolog was seen."""


class _Prolog:
    def __init__(self) -> None:
        self.root = ""
        self.namespace = ""
        self.encoding = ""
        self.tags: dict[str, None] = {}
        self.entities = False

    def start(self, tag: str, _: object) -> None:
        namespace, _, local = tag.rpartition(" ")
        if not self.root:
            self.root, self.namespace = local, namespace
        self.tags[local] = None
        if len(self.tags) > 500:
            raise _Stop

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding or ""

    def entity(self, *_: object) -> None:
        self.entities = True
        raise _Stop


def _prolog(path: Path, name: str) -> _Prolog:
    """Root, tags of the head, and whether entities are declared.

    Raises:
        DropUnreadable: Entities are declared; or there is no root element.
    """
    prolog = _Prolog()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = prolog.start
    parser.XmlDeclHandler = prolog.declaration
    parser.EntityDeclHandler = prolog.entity
    parser.UseForeignDTD(False)
    error: str | None = None
    try:
        with path.open("rb") as stream:
            parser.Parse(stream.read(_PROLOG_BYTES), False)
    except _Stop:
        pass
    except (expat.ExpatError, ValueError, LookupError) as problem:
        error = str(problem)
    if prolog.entities:
        raise DropUnreadable(
            f"{name} declares XML entities, which product feeds do not need and attacks do; it was not read.",
            hint="Have the feed written without a DOCTYPE that declares entities.",
            fault=Fault.UNSAFE_XML,
        )
    if not prolog.root:
        raise DropUnreadable(
            f"{name} is not XML that can be read: {error or 'no element in its first megabyte'}.",
            hint="Open the address of the feed in a browser: it may have answered with an error page.",
            fault=Fault.CUT_OFF,
        )
    return prolog
