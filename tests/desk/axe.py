"""Accessibility of a page in each theme and language, readable when it fails.

Belongs here: the guises of a page, and failing. Stays out: running axe (``vitrina.screenshots.axe``), and what axe
cannot see (order of keys, focus after a swap), which each page's tests look at themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from vitrina.screenshots.axe import Rules, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["Guise", "assert_accessible", "guises", "violations"]


class Guise(NamedTuple):
    """How a page stands, and what of it has not been looked at in the guises before."""

    theme: str
    language: str
    rules: Rules

    def __str__(self) -> str:
        return f"{self.theme}, {self.language}"


#: A theme changes colours, a language changes names: what both share is looked at once.
GUISES = (Guise("light", "ru", "all"), Guise("dark", "ru", "colours"), Guise("light", "en", "names"))


def assert_accessible(page: Page, *, what: str = "", guise: Guise | None = None) -> None:
    """Fails with every violation, one below the other."""
    found = violations(page, rules=guise.rules if guise is not None else "all")
    assert not found, "\n".join([f"{what or page.url} {guise or ''}: {len(found)} violations", *found])


def wear(page: Page, guise: Guise, address: str) -> None:
    """Show a page in a theme and a language."""
    from django.conf import settings

    page.emulate_media(color_scheme=guise.theme, reduced_motion="reduce")  # type: ignore[arg-type]
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": guise.language, "url": address}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def guises(page: Page) -> Iterator[Guise]:
    """Show the page in each theme, and load it again in each language; yields the guise when it stands.

    >>> for guise in guises(page):  # doctest: +SKIP
    ...     assert_accessible(page, guise=guise)
    """
    address, language = page.url, ""
    for guise in GUISES:
        wear(page, guise, address)
        if guise.language != language:
            page.goto(address)
            language = guise.language
        yield guise
