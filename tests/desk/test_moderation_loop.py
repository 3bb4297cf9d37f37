"""The whole way of a product: a parser's drop, a generated text, a moderator's browser, the shop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Processed
from tests.desk.screen import opened, signed_in
from tests.fakes.catalogue import Ticker, run
from vitrina.config import get_settings

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_a_drop_through_a_browser_to_the_shop(
    processed: Processed, person: Callable[..., User], desk: str, browser: Browser
) -> None:
    from tests.review.passing import let_pass
    from vitrina.catalog.models import Publication
    from vitrina.review.models import ReviewItem

    waiting = ReviewItem.objects.filter(state="open", kind="text", version__isnull=False).order_by("priority", "id")
    approved, edited, rejected, _fourth = waiting[:4]
    products = [item.product_id for item in (approved, edited, rejected)]
    assert not Publication.objects.filter(product__in=products).exists()

    page = signed_in(browser, desk, person("moderator"))
    page.goto(f"{desk}/moderation/")
    page.keyboard.press("j")
    opened(page, approved)
    page.keyboard.press("a")
    opened(page, edited)
    page.keyboard.press("e")
    page.locator('input[name="title"]').fill("Заголовок человека")
    page.keyboard.press("Control+Enter")
    opened(page, rejected)
    page.keyboard.press("r")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.get_by_text("Отклонено:").wait_for()
    page.context.close()

    let_pass()
    get_settings().decisions_run_at = 1
    # In a thread of its own: Playwright keeps an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(Ticker("review_decisions", processed.instance).tick).result(), "the sensor asks for a pass"
        thread.submit(run, "publish", processed.instance).result()
    shown = {row.product_id: row for row in Publication.objects.filter(product__in=products).select_related("version")}
    assert set(shown) == {approved.product_id, edited.product_id}
    assert shown[approved.product_id].version_id == approved.version_id
    assert (shown[edited.product_id].version.title, shown[edited.product_id].version.origin) == (
        "Заголовок человека", "person",
    )  # fmt: skip
