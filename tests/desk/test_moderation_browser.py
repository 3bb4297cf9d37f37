"""The moderation screen in a real browser: keys, layouts, widths, and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Processed
from tests.desk.conftest import PASSWORD

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def sign_in(page: Page, desk: str, user: User) -> None:
    page.goto(f"{desk}/accounts/login/")
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/moderation/")


@pytest.fixture
def page(processed: Processed, person: Callable[..., User], desk: str, browser: Browser) -> Iterator[Page]:
    """A moderator's page in Russian; an error in a script or a refused file fails the test."""
    context = browser.new_context(locale="ru", viewport={"width": 1440, "height": 900})
    shown = context.new_page()
    problems: list[str] = []
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    sign_in(shown, desk, person("moderator"))
    yield shown
    context.close()
    assert problems == []


def open_items() -> int:
    from vitrina.review.services import open_items as items

    return items().count()


def test_a_whole_case_is_decided_by_keys(page: Page) -> None:
    before = open_items()
    page.keyboard.press("j")
    page.wait_for_url("**/moderation/*/**")
    page.keyboard.press("a")
    page.get_by_text("Одобрено.").wait_for()
    assert open_items() == before - 1


def test_reasons_are_chosen_by_digits_and_enter_rejects(page: Page) -> None:
    before = open_items()
    page.keyboard.press("j")
    page.wait_for_url("**/moderation/*/**")
    page.keyboard.press("r")
    page.get_by_text("Почему? Можно несколько").wait_for()
    assert page.locator('button[value="reject"]').is_disabled()
    page.keyboard.press("2")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.get_by_text("Отклонено.", exact=True).wait_for()
    assert open_items() == before - 1


def test_keys_are_places_on_the_keyboard_whatever_the_layout(page: Page) -> None:
    page.keyboard.press("j")
    page.wait_for_url("**/moderation/*/**")
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "code": "KeyR", "key": "к", "text": "к"})
    page.get_by_text("Почему? Можно несколько").wait_for()


def test_typing_and_shortcuts_of_the_browser_decide_nothing(page: Page) -> None:
    before = open_items()
    page.keyboard.press("j")
    page.wait_for_url("**/moderation/*/**")
    page.keyboard.press("/")
    page.keyboard.type("aaa")
    page.keyboard.press("Control+a")
    page.locator("body").focus()
    page.keyboard.press("Control+a")
    assert open_items() == before
    assert page.locator("#q").input_value() == "aaa"


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1920])
def test_nothing_stands_beyond_the_edge(page: Page, width: int) -> None:
    page.keyboard.press("j")
    page.wait_for_url("**/moderation/*/**")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    bar = page.locator("[data-bar]").bounding_box()
    assert bar is not None
    assert bar["x"] >= 0
    assert bar["x"] + bar["width"] <= width


def test_without_scripts_a_case_is_read_and_decided(
    processed: Processed, person: Callable[..., User], desk: str, browser: Browser
) -> None:
    before = open_items()
    context = browser.new_context(locale="en", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, person("moderator"))
    page.locator("[data-row]").first.click()
    page.locator("summary.bad").click()
    page.get_by_label("Something is invented").check()
    page.locator('button[value="reject"]').click()
    page.get_by_text("Rejected.", exact=True).wait_for()
    context.close()
    assert open_items() == before - 1
