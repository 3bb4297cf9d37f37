"""Looking at pages with a browser: pictures, axe, errors, what stands beyond the edge.

Belongs here: the browser, and one page in all its guises. Stays out: which pages there are (``pages``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitrina.errors import PermanentError
from vitrina.screenshots.axe import violations
from vitrina.screenshots.scratch import Desk, session_cookie

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

    from vitrina.screenshots.pages import Page

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = ("ru", "en")
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


@dataclass(slots=True)
class Looked:
    """What was seen of a page: pictures, and what is wrong, a line each. ``skipped`` says why it is no page."""

    page: Page
    pictures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    skipped: str = ""


def chromium_path() -> str:
    """Where the system's chromium is, once all tools are known to be there.

    Raises:
        PermanentError: Playwright, axe or the browser is not installed; says how to install it.
    """
    for package in ("playwright", "axe_playwright_python"):
        if find_spec(package) is None:
            raise PermanentError(
                f"{package} is not installed.", hint="It comes with the tools of development: pip install -e '.[dev]'."
            )
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise PermanentError("There is no chromium here.", hint="On Debian: apt-get install chromium.")
    return path


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """The browser, until the block ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def cookies_of(desk: Desk, chosen: Sequence[Page]) -> dict[str, list[dict[str, str]]]:
    """Role → cookies that sign in, made before the browser runs: its event loop is none for the database."""
    roles = {page.viewer for page in chosen}
    return {role: [session_cookie(desk.seeded.people[role])] if role else [] for role in roles}


def look(
    browser: Browser, desk: Desk, page: Page, cookies: list[dict[str, str]], out: Path, language_cookie: str
) -> Looked:
    """Take a page's pictures in each theme, language and size."""
    seen = Looked(page)
    for language in LANGUAGES:
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                locale=language,
                viewport={"width": width, "height": height},
                reduced_motion="reduce",
                base_url=desk.address,
            )
            own: list[Any] = [{**cookie, "url": desk.address} for cookie in cookies]
            context.add_cookies([*own, {"name": language_cookie, "value": language, "url": desk.address}])
            try:
                if not _all_themes(context, seen, out, language, size):
                    return seen
            finally:
                context.close()
    return seen


def _all_themes(context: BrowserContext, seen: Looked, out: Path, language: str, size: str) -> bool:
    answer = context.request.get(seen.page.path, max_redirects=0)
    kind = answer.headers.get("content-type", "")
    whole = answer.status == 200 and kind.startswith("text/html")
    if not whole or not answer.text().lstrip().lower().startswith("<!doctype html"):
        seen.skipped = "a part of a page" if whole else f"{answer.status} {kind.partition(';')[0]}".strip()
        if answer.status >= 500:
            seen.wrong.append(f"the server answered {answer.status}")
        return False
    tab = context.new_page()
    where = f"{language}, {size}"
    tab.on("pageerror", lambda error: seen.wrong.append(f"{where}: script error: {error}"))
    tab.on("console", lambda message: seen.wrong.extend(_errors(message, where)))
    tab.goto(seen.page.path, wait_until="load")
    for theme in THEMES:
        tab.emulate_media(color_scheme=theme)
        picture = f"{seen.page.name.replace(':', '.')}-{size}-{theme}-{language}.png"
        tab.screenshot(path=out / picture, full_page=True)
        seen.pictures.append(picture)
        # Widths change little of what axe sees; the phone is looked at once.
        if size == "desktop" or (theme, language) == (THEMES[0], LANGUAGES[0]):
            seen.wrong += [f"{theme}, {where}: {line}" for line in violations(tab)]
    beyond = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if beyond > 0:
        seen.wrong.append(f"{where}: {beyond} px stand beyond the edge")
    return True


def _errors(message: ConsoleMessage, where: str) -> list[str]:
    return [f"{where}: {message.text}"] if message.type == "error" else []
