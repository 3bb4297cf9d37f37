"""Pictures of pages: which pages there are, who looks, what is said when a tool is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vitrina.errors import PermanentError

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_every_page_comes_from_the_table_of_addresses_with_the_least_role(database: str) -> None:
    from vitrina.screenshots.pages import pages

    found, left_out = pages({"drop_id": "7", "token": "t", "uidb36": "1", "key": "a-b"})
    by_name = {page.name: page for page in found}
    assert by_name["numbers_drop"].path == "/numbers/drops/7/"
    assert by_name["numbers_gateway"].viewer == "admin"
    assert by_name["numbers_overview"].viewer == "moderator"
    assert by_name["numbers_me"].viewer == "annotator"
    assert by_name["account_login"].viewer == ""
    assert "account_signup" in left_out
    assert not set(by_name) & set(left_out)


def test_a_missing_browser_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from vitrina.screenshots import taking

    monkeypatch.setattr(taking.shutil, "which", lambda name: None)
    with pytest.raises(PermanentError, match="apt-get install chromium"):
        taking.chromium_path()
    monkeypatch.setattr(taking, "find_spec", lambda name: None)
    with pytest.raises(PermanentError, match="pip install -e"):
        taking.chromium_path()


@pytest.mark.browser
@pytest.mark.slow
def test_a_page_is_taken_in_all_guises_and_what_is_no_page_is_skipped(
    database: str, desk: str, browser: Browser, tmp_path: Path
) -> None:
    from vitrina.screenshots.pages import Page
    from vitrina.screenshots.scratch import Desk
    from vitrina.screenshots.seeding import Seeded
    from vitrina.screenshots.taking import look

    running = Desk(desk, Seeded({}, {}), marts=False)
    seen = look(browser, running, Page("account_login", "/accounts/login/", ""), [], tmp_path, "django_language")
    assert len(seen.pictures) == 8
    assert seen.wrong == []
    assert {path.name for path in tmp_path.iterdir()} == set(seen.pictures)
    assert "account_login-phone-dark-ru.png" in seen.pictures
    health = look(browser, running, Page("healthz", "/healthz/", ""), [], tmp_path, "django_language")
    assert health.pictures == []
    assert health.skipped.startswith(("200 ", "301", "404"))
