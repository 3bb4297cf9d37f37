"""Accessibility of a page as axe-core sees it, readable when it fails.

Belongs here: running axe on a page that a browser shows, in each theme and language. Stays out: what axe cannot see
(order of keys, focus after a swap, reflow), which each page's tests look at themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: WCAG 2.2 AA and all that it contains.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
THEMES = ("light", "dark")
LANGUAGES = ("ru", "en")


def violations(page: Page, *, within: str | None = None) -> list[str]:
    """What axe finds wrong with the page as it stands, a line for each element.

    Args:
        page: Loaded; what opens by itself is judged as it is open or closed now.
        within: A CSS selector: look at this part only.
    """
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"runOnly": {"type": "tag", "values": list(TAGS)}, "resultTypes": ["violations"]}
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['target'][0]}: {_told(node)}\n    {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


def assert_accessible(page: Page, *, within: str | None = None, what: str = "") -> None:
    """Fails with every violation, one below the other."""
    found = violations(page, within=within)
    assert not found, "\n".join([f"{what or page.url}: {len(found)} violations", *found])


def guises(page: Page, *, themes: tuple[str, ...] = THEMES, languages: tuple[str, ...] = LANGUAGES) -> Iterator[str]:
    """Load the page again in each language, and show it in each theme; yields ``"dark, ru"`` when it stands.

    >>> for guise in guises(page):  # doctest: +SKIP
    ...     assert_accessible(page, what=guise)
    """
    from django.conf import settings

    address = page.url
    page.emulate_media(reduced_motion="reduce")
    for language in languages:
        page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": address}])
        page.goto(address)
        for theme in themes:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            yield f"{theme}, {language}"


def _told(node: dict[str, Any]) -> str:
    return " ".join(str(node["failureSummary"]).split())
