"""What tests of the moderation screen in a browser share: signing in, what is open, keys of the Russian layout."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.desk.conftest import new_client

#: Milliseconds for which a page is waited for: a machine may stand still for many seconds.
PATIENCE = 90_000
#: Messages go by themselves after six seconds, in which a slow machine may not have looked.
LASTING = """(() => {
  const soon = window.setTimeout;
  window.setTimeout = (what, wait, ...more) => soon(what, wait === 6000 ? 600000 : wait, ...more);
})()"""

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page

    from vitrina.review.models import ReviewItem


def signed_in(browser: Browser, desk: str, user: User, **options: Any) -> Page:
    """A page of a person who is signed in already; the form has tests of its own."""
    client = new_client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    options = {"locale": "ru", "viewport": {"width": 1440, "height": 900}} | options
    context = browser.new_context(**options)
    context.add_cookies([{"name": "vitrina_session", "value": client.cookies["vitrina_session"].value, "url": desk}])
    context.set_default_timeout(PATIENCE)
    context.add_init_script(LASTING)
    return context.new_page()


def opened(page: Page, item: ReviewItem) -> None:
    """Wait until a case is on the screen."""
    page.wait_for_url(f"**/moderation/{item.pk}/**")
    page.locator("#item-title:focus").wait_for()


def becomes(page: Page, expression: str, *, wait: int = PATIENCE) -> bool:
    """Whether an expression comes true. Playwright's own way asks by ``eval``, which the policy of pages refuses."""
    watchdog = time.monotonic() + wait / 1_000
    while not (found := bool(page.evaluate(expression))) and time.monotonic() < watchdog:
        page.wait_for_timeout(50)
    return found


def drawn(page: Page) -> None:
    """Wait until scripts that follow the width have had their frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def states(cases: list[ReviewItem]) -> list[str]:
    """States of cases, in their order."""
    from vitrina.review.models import ReviewItem

    found = dict(ReviewItem.objects.values_list("pk", "state"))
    return [found[item.pk] for item in cases]


def press(page: Page, code: str, key: str) -> None:
    """A key as the Russian layout sends it."""
    session = page.context.new_cdp_session(page)
    for kind in ("keyDown", "keyUp"):
        session.send("Input.dispatchKeyEvent", {"type": kind, "code": code, "key": key, "text": key})
    session.detach()
