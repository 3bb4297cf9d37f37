"""Which pages the desk has, from its table of addresses.

Belongs here: walking the table, filling in arguments, choosing who looks. Stays out: looking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Who looks at a page, by its access: the least of those who may.
VIEWERS = {"public": "", "signed_in": "annotator", "annotator": "annotator", "moderator": "moderator", "admin": "admin"}


@dataclass(frozen=True, slots=True)
class Page:
    """An address by its name. ``viewer`` is a role, or empty for a guest."""

    name: str
    path: str
    viewer: str


def pages(arguments: Mapping[str, str]) -> tuple[list[Page], dict[str, str]]:
    """Addresses that a browser may open, and those that were left out with the reason.

    Args:
        arguments: Values for arguments by name, or by page and name (``product.product_id``); 1 where none is given.
    """
    from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
    from django.urls.resolvers import URLResolver

    from vitrina.accounts.access import access_of

    def walk(entries: list[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, URLPattern]]:
        for entry in entries:
            if isinstance(entry, URLPattern):
                yield f"{space}{entry.name}", entry
            else:
                yield from walk(entry.url_patterns, f"{space}{entry.namespace}:" if entry.namespace else space)

    found, left_out = [], {}
    for name, pattern in walk(get_resolver().url_patterns):
        access = access_of(pattern.callback, name)
        if access is None:
            left_out[name] = "closed, or guarded by itself"
            continue
        names = pattern.pattern.regex.groupindex
        values = {key: arguments.get(f"{name}.{key}", arguments.get(key, "1")) for key in names}
        try:
            found.append(Page(name, reverse(name, kwargs=values), VIEWERS[access.value]))
        except NoReverseMatch:
            left_out[name] = f"no value for {', '.join(names)}"
    return found, left_out
