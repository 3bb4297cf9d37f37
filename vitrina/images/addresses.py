"""Addresses of pictures as feeds give them, made askable; and which may be asked at all.

Belongs here: cleaning, splitting, encoding, the rules of scheme, port and name. Stays out: what a name resolves to
(``guard``), asking (``fetch``). Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from uuid import UUID

from vitrina.images.reasons import Reason

MAX_URL = 2_000
_PORTS = {"http": 80, "https": 443}
#: Several addresses in one text; a comma inside an address (resizing services) has no scheme after it.
_BETWEEN = re.compile(r"[\s|]*[,;|\n\t][\s|]*(?=(?:https?:)?//)|\s+(?=https?://)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: Names that no public host can have (RFC 2606, 6761, 6762, 8375): asking for them only troubles a resolver.
_RESERVED = ("example", "invalid", "test", "localhost", "local", "onion", "internal", "home.arpa", "alt")
#: Addresses of the samples' pictures. No such host can exist, so they are the object store's own, whatever CDN_PREFIX
#: says; only what lies below ``samples/`` there can be named.
SAMPLES_PREFIX = "https://cdn.vitrina.example/samples/"
_SAFE_PATH = "/%:@!$&'()*+,;=~-._[]"


class BadAddress(ValueError):
    """An address that is never asked for; the text says why."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """One picture's address. ``object_key`` is set where it lies in the object store itself."""

    url: str
    host: str
    object_key: str | None = None

    @property
    def digest(self) -> UUID:
        """What the table finds it by."""
        return digest_of(self.url)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What the settings allow."""

    #: host:port pairs, lower case, whose network is trusted.
    allowed: frozenset[str] = frozenset()
    #: Address under which the keys of the object store are public, with a slash at its end; empty: none.
    cdn_prefix: str = ""


def digest_of(url: str) -> UUID:
    """First half of the sha256 of an address."""
    return UUID(bytes=hashlib.sha256(url.encode("utf-8", "replace")).digest()[:16])


def split_list(texts: Iterable[object]) -> list[str]:
    """Every address of a product's list, once, in order; a text may hold several."""
    found: dict[str, None] = {}
    for text in texts:
        if isinstance(text, str):
            for part in _BETWEEN.split(text):
                if cleaned := part.strip().strip("\"'<>,;|").strip():
                    found[cleaned] = None
    return list(found)


def parse(text: str, rules: AddressRules) -> Address:
    """An address ready to be asked for.

    Raises:
        BadAddress: it must never be asked for.
    """
    if len(text) > MAX_URL:
        raise BadAddress(Reason.BAD_URL, f"The address is {len(text)} characters long.")
    # Halves of surrogate pairs come from headers of redirects; no address can hold them.
    cleaned = _CONTROL.sub("", text.strip()).encode("utf-8", "replace").decode()
    if cleaned.startswith("//"):
        cleaned = f"https:{cleaned}"
    try:
        parts = urlsplit(cleaned)
        scheme, name, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(Reason.BAD_URL, f"This is no address: {error}.") from None
    if scheme not in _PORTS:
        raise BadAddress(Reason.BAD_URL, f"Only http and https addresses are fetched, not {scheme[:20] or 'relative'}.")
    if parts.username is not None or parts.password is not None:
        raise BadAddress(Reason.BAD_URL, "The address carries a user name or password.")
    ascii_name = _host(name)
    port = port if port is not None else _PORTS[scheme]
    host = f"[{ascii_name}]:{port}" if ":" in ascii_name else f"{ascii_name}:{port}"
    shown = host if port != _PORTS[scheme] else host.rpartition(":")[0]
    url = urlunsplit((scheme, shown, quote(parts.path or "/", safe=_SAFE_PATH), _query(parts.query), ""))
    if (key := _object_key(url, rules.cdn_prefix)) is not None:
        return Address(url, "", key)
    if (key := _object_key(url, SAMPLES_PREFIX)) is not None:
        return Address(url, "", f"samples/{key}")
    if host not in rules.allowed:
        if port not in _PORTS.values():
            raise BadAddress(Reason.FORBIDDEN_ADDRESS, f"Port {port} is not asked; IMAGE_ALLOW_HOSTS may name {host}.")
        if ascii_name.endswith(tuple(f".{name}" for name in _RESERVED)) or ascii_name in _RESERVED:
            raise BadAddress(Reason.FORBIDDEN_ADDRESS, f"No public host can be named {ascii_name}.")
    return Address(url, host)


def _host(name: str) -> str:
    """The name in ASCII (IDNA), without a dot at its end."""
    if not name:
        raise BadAddress(Reason.BAD_URL, "The address names no host.")
    try:
        plain = name.rstrip(".")
        ascii_name = plain.lower() if plain.isascii() else plain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise BadAddress(Reason.BAD_URL, f"{name[:80]!r} is no name of a host.") from None
    if not ascii_name or len(ascii_name) > 253 or not re.fullmatch(r"[a-z0-9._:-]+", ascii_name):
        raise BadAddress(Reason.BAD_URL, f"{name[:80]!r} is no name of a host.")
    return ascii_name


def _query(query: str) -> str:
    return quote(query, safe=_SAFE_PATH + "?/")


def _object_key(url: str, prefix: str) -> str | None:
    """The key of an object of ours, ``None`` for an address elsewhere."""
    if not prefix or not url.startswith(prefix):
        return None
    key = unquote(url[len(prefix) :].partition("?")[0])
    parts = key.split("/")
    if not key or any(part in {"", ".", ".."} for part in parts) or "\\" in key or _CONTROL.search(key):
        raise BadAddress(Reason.BAD_URL, "The address below CDN_PREFIX names no object.")
    return key


def parse_hosts(text: str) -> frozenset[str]:
    """``host:port`` pairs of a setting, separated by commas or spaces.

    Raises:
        ValueError: a part is no such pair.
    """
    found = set()
    for part in re.split(r"[\s,]+", text.strip()):
        if part:
            name, _, port = part.rpartition(":")
            if not name or not port.isdigit() or not 0 < int(port) < 65_536 or "/" in part:
                raise ValueError(f"{part!r} must be host:port")
            found.add(f"{name.lower()}:{int(port)}")
    return frozenset(found)
