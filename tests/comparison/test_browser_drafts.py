"""What was half typed on the comparison screen, in a real browser: kept through an undo and a session that ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.comparison.conftest import PASSWORD
from tests.comparison.test_browser import open_batch, page, said, worker
from vitrina.review.models import Batch, Decision

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Page

__all__ = ["page", "worker"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_comment_half_typed_outlives_an_undo_and_the_end_of_the_session(
    page: Page,
    make_batch: Callable[..., Batch],
    worker: User,
) -> None:
    open_batch(page, make_batch(3))
    page.keyboard.press("1")
    said(page, "Пара 2 из 3")
    page.keyboard.press("c")
    page.keyboard.type("половина мысли")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    said(page, "Пара 1 из 3")
    page.keyboard.press("2")
    said(page, "Пара 2 из 3")
    assert page.locator("[name=comment]").input_value() == "половина мысли"

    address = page.url
    page.context.clear_cookies(name="vitrina_session")
    page.keyboard.press("1")
    page.locator("#problem", has_text="Вы вышли").wait_for()
    assert (page.url, page.locator("[name=comment]").input_value()) == (address, "половина мысли")
    page.locator("#problem button").click()
    page.fill("[name=login]", worker.email)
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    said(page, "Пара 2 из 3")
    assert page.locator("[name=comment]").input_value() == "половина мысли"
    page.keyboard.press("1")
    said(page, "Пара 3 из 3")
    assert Decision.objects.latest("pk").comment == "половина мысли"
