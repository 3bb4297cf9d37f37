"""Pages in the middle of signing in and of switching the second factor on are accessible; axe tells what it finds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from tests.desk.axe import assert_accessible, guises, violations
from tests.desk.conftest import PASSWORD
from tests.desk.screen import PATIENCE

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_is_wrong_with_a_page_is_told(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><button></button>")
    [line] = violations(page)
    assert violations(page, rules="colours") == []
    page.close()
    assert line.startswith("button-name")


def code_of(secret: str) -> str:
    """What an app shows now (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    at = digest[-1] & 15
    number: int = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


# A code is of half a minute, which may be over when a slow machine sends it
@override_settings(MFA_TOTP_TOLERANCE=20, ACCOUNT_REAUTHENTICATION_TIMEOUT=3_600)
def test_the_second_factor_is_accessible_from_switching_on_to_off(
    database: str, desk: str, browser: Browser, person: Callable[..., User]
) -> None:
    person("moderator", "maria@example.com")
    page = browser.new_page(base_url=desk, locale="ru")
    page.set_default_timeout(PATIENCE)
    page.goto("/accounts/login/?next=/accounts/2fa/totp/activate/")
    page.fill("[name=login]", "maria@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/reauthenticate/**")  # the key to the account asks for the password once more
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.locator("[name=code]").wait_for()
    for guise in guises(page):
        assert_accessible(page, guise=guise)
    secret = page.locator("main img").get_attribute("alt") or ""
    page.locator("[name=code]").fill(code_of(secret))
    page.locator("[name=code]").press("Enter")
    page.wait_for_url("**/recovery-codes/**")
    for address in ("recovery-codes/", "recovery-codes/generate/", "totp/deactivate/", ""):
        page.goto(f"/accounts/2fa/{address}")
        assert page.url.endswith(f"/2fa/{address}")
        for guise in guises(page):
            assert_accessible(page, guise=guise)
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.fill("[name=login]", "maria@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/2fa/authenticate/")
    for guise in guises(page):
        assert_accessible(page, guise=guise)
    page.close()
