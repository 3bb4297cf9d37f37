"""Pages of numbers in a real browser: axe in both themes and languages, narrow pages, reading without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.desk.axe import assert_accessible, guises

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = ("overview", "people", "agreement", "gateway", "drops", "templates", "me")


@pytest.fixture
def signed_in(database: str, person: Callable[..., User], desk: str, browser: Browser) -> Iterator[BrowserContext]:
    """An administrator's browser without scripts; the numbers are planted."""
    from vitrina.screenshots.scratch import session_cookie
    from vitrina.screenshots.seeding import seed

    seed(products=40, pairs=60)
    context = browser.new_context(java_script_enabled=True, base_url=desk)
    context.add_cookies([{**session_cookie(person("admin").pk), "url": desk}])  # type: ignore[typeddict-item]
    yield context
    context.close()


def test_every_page_of_numbers_is_accessible(signed_in: BrowserContext) -> None:
    page = signed_in.new_page()
    for name in PAGES:
        page.goto(f"/numbers/{name}/")
        # the pages share their parts: each in one guise, the richest in all
        for guise in guises(page) if name == "overview" else guises(page, themes=("dark",), languages=("ru",)):
            assert_accessible(page, what=f"{name}, {guise}")


def test_nothing_of_the_numbers_stands_beyond_the_edge_of_a_phone(signed_in: BrowserContext) -> None:
    page = signed_in.new_page()
    for width in (320, 390, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        for name in PAGES:
            page.goto(f"/numbers/{name}/")
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, (name, width, beyond)
