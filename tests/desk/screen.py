"""What tests of the moderation screen in a browser share: signing in, what is open, keys of the Russian layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.desk.conftest import new_client

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
    context.set_default_timeout(20_000)
    return context.new_page()


def opened(page: Page, item: ReviewItem) -> None:
    """Wait until a case is on the screen."""
    page.wait_for_url(f"**/moderation/{item.pk}/**")
    page.locator("#item-title:focus").wait_for()


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
