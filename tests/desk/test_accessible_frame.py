"""Pages before and around the work are accessible in both themes and languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.desk.axe import assert_accessible, guises, violations
from tests.desk.conftest import PASSWORD

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: Looked at in more than one guise by tests of their own.
ELSEWHERE = ("moderation_item", "moderation_next", "product", "numbers_overview", "account_login")


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


def test_every_page_that_no_other_test_looks_at_is_accessible(database: str, desk: str, browser: Browser) -> None:
    """By the table of addresses, with planted data: a new page is looked at without being named here."""
    from vitrina.screenshots.pages import pages
    from vitrina.screenshots.scratch import session_cookie
    from vitrina.screenshots.seeding import seed

    seeded = seed(products=24, pairs=12)
    found, _left_out = pages(seeded.arguments)
    roles: dict[str, BrowserContext] = {}
    seen: list[str] = []
    wrong: list[str] = []
    for number, page in enumerate(sorted(found, key=lambda page: page.viewer)):
        if page.name == "compare_pair" or page.name.startswith(ELSEWHERE) or ":" in page.name:
            continue
        if page.viewer not in roles:
            roles[page.viewer] = browser.new_context(base_url=desk, locale=("ru", "en")[number % 2])
            if page.viewer:
                cookie = session_cookie(seeded.people[page.viewer])
                roles[page.viewer].add_cookies([{**cookie, "url": desk}])  # type: ignore[typeddict-item]
        context = roles[page.viewer]
        answer = context.request.get(page.path, max_redirects=0)
        assert answer.status < 500, page
        # Neither files nor parts of pages, which htmx swaps in.
        if answer.status != 200 or not answer.text().lstrip().lower().startswith("<!doctype html"):
            continue
        tab = context.new_page()
        tab.emulate_media(color_scheme=("light", "dark")[number % 2], reduced_motion="reduce")
        tab.goto(page.path)
        wrong += [f"{page.name}: {line}" for line in violations(tab)]
        tab.close()
        seen.append(page.name)
    for context in roles.values():
        context.close()
    assert not wrong, "\n".join(wrong)
    assert {"moderation_mine", "moderation_flagged", "people", "accept_invitation", "mfa_index", "keys", "numbers_drop",
            "numbers_person", "compare_batch", "compare_pairs", "account_reset_password"} <= set(seen)  # fmt: skip


def test_switching_the_second_factor_on_is_accessible(
    database: str, desk: str, browser: Browser, person: Callable[..., User]
) -> None:
    person("moderator", "maria@example.com")
    page = browser.new_page(base_url=desk, locale="ru")
    page.goto("/accounts/login/?next=/accounts/2fa/totp/activate/")
    page.fill("[name=login]", "maria@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/reauthenticate/**")  # the key to the account asks for the password once more
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.locator("[name=code]").wait_for()
    for guise in guises(page):
        assert_accessible(page, what=guise)
    page.close()
