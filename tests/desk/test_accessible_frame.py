"""Pages before and around the work are accessible in both themes and languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.desk.axe import assert_accessible, guises, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_signing_in_is_accessible_in_every_guise(database: str, desk: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{desk}/accounts/login/")
    seen = []
    for guise in guises(page):
        assert_accessible(page, what=guise)
        seen.append((guise, page.locator("h1").inner_text()))
    page.close()
    assert ("dark, ru", "Войти") in seen
    assert ("light, en", "Sign in") in seen


def test_what_is_wrong_with_a_page_is_told(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><button></button>")
    [line] = violations(page)
    page.close()
    assert line.startswith("button-name")
