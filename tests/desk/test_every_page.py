"""Every page of the desk in a real browser: axe in both themes and languages, widths, words, reading without scripts.

One browser goes through all of them: a page is opened once in each language and once without scripts, and axe repeats
for the second theme and language only what these change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.desk.axe import GUISES, Guise, violations, wear
from tests.desk.every_page import answers_of, of_the_admin, of_the_desk, planted
from tests.desk.screen import PATIENCE, becomes, drawn
from tests.desk.test_words import FOLDERS, entries
from tests.workbench.conftest import dagster
from vitrina.screenshots.pages import Page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Response, Route, ViewportSize
    from playwright.sync_api import Page as Tab

    from tests.workbench.dagster_server import FakeDagster
    from vitrina.screenshots.seeding import Seeded

__all__ = ["dagster"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
#: Of the admin's theme, whose buttons for searching and sorting are 18 px wide.
OF_THE_THEME = ("target-size",)
WIDTHS = (320, 768, 1100, 1920)
WIDE: ViewportSize = {"width": 1280, "height": 900}
#: Menus, and what else opens without a script.
_OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
#: Text that a reader sees or hears, but for data in another language, names, samples, moments, and what a program said
#: in English below a sentence of ours.
_TEXTS = """() => {
  const skipped = "[lang]:not(html, [lang=en]), details [lang=en], [translate=no], code, kbd, pre, " +
    "script, style, svg, time, textarea, option";
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const inside = walker.currentNode.parentElement;
    if (inside && !inside.closest(skipped)) found.push(walker.currentNode.textContent);
  }
  document.querySelectorAll("[aria-label], [placeholder], [title], [alt]").forEach((one) => {
    if (one.closest("[lang]:not(html)")) return;
    ["aria-label", "placeholder", "title", "alt"].forEach((name) => found.push(one.getAttribute(name) || ""));
  });
  return [document.title, ...found].map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""
#: The innermost of what reaches farthest to the right.
_WIDEST = """() => [...document.querySelectorAll("body *")]
  .map((one) => ({ one, right: one.getBoundingClientRect().right }))
  .reduce((far, next) => (next.right >= far.right ? next : far)).one.outerHTML.slice(0, 300)"""
#: Words of cells and of values beside names that are broken into pieces: plain words at all, keys into shreds.
_SQUEEZED = """() => {
  const range = document.createRange(), found = [];
  for (const cell of document.querySelectorAll("td, th, dt, dd")) {
    if (!cell.checkVisibility()) continue;
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (text.parentElement.closest(".sr, .sr-only")) continue;
      range.selectNodeContents(text);
      if (range.getClientRects().length < 2) continue;
      for (const word of text.data.matchAll(/\\S+/g)) {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const boxes = [...range.getClientRects()].filter((one) => one.width);
        const lines = new Set(boxes.map((one) => Math.round(one.top))).size;
        const plain = /^\\P{L}*\\p{L}{1,24}\\P{L}*$/u.test(word[0]);
        if (lines > (plain ? 1 : Math.ceil(word[0].length / 6))) found.push(`${word[0].slice(0, 40)} (${lines} lines)`);
      }
    }
  }
  return [...new Set(found)].slice(0, 10);
}"""
_ENGLISH = re.compile(r"[A-Za-z']{2,} [A-Za-z']{2,}")
_ENGLISH_SENTENCE = re.compile(r"([A-Za-z]?[a-z']+[,;:]? ){3}[A-Za-z]?[a-z']+")
_CYRILLIC = re.compile("[А-Яа-яЁё]")


class Walk:
    """A browser's way through pages: what is wrong with them is kept, a line each."""

    def __init__(self, browser: Browser, address: str, seeded: Seeded) -> None:
        self.browser, self.address, self.seeded = browser, address, seeded
        self.wrong: list[str] = []
        self.now = ""
        self.tabs: dict[tuple[str, bool], Tab] = {}
        said = {text for folder in FOLDERS.values() for text in entries(folder) if text[0] != text[1]}
        self.answers: dict[tuple[str, str], bytes] = {}
        self.language = ""
        self.foreign = {"ru": {english for english, _ in said}, "en": {russian for _, russian in said}}

    def tab(self, viewer: str, *, scripts: bool = True) -> Tab:
        """The one tab of who looks."""
        if (viewer, scripts) not in self.tabs:
            from vitrina.screenshots.scratch import session_cookie

            context = self.browser.new_context(
                base_url=self.address, locale="ru", viewport=WIDE, java_script_enabled=scripts
            )
            if viewer:
                cookie = session_cookie(self.seeded.people[viewer])
                context.add_cookies([{**cookie, "url": self.address}])  # type: ignore[typeddict-item]
            else:
                # Documents of no address belong to nobody. Where a route is set, a browser keeps no file of a page
                context.route("**/answered/*", self.answer)
            context.set_default_timeout(PATIENCE)
            tab = self.tabs[viewer, scripts] = context.new_page()
            tab.on("pageerror", lambda error: self.fault(f"script error: {error}"))
            tab.on("console", self.console)
            tab.on("response", self.answered)
        return self.tabs[viewer, scripts]

    def answer(self, route: Route) -> None:
        """What a form was answered with before, at an address of its own."""
        name = unquote(route.request.url.rpartition("/")[2])
        route.fulfill(body=self.answers[name, self.language], content_type="text/html; charset=utf-8")

    def fault(self, what: str) -> None:
        """Something is wrong with the page on the screen."""
        self.wrong.append(f"{self.now}: {what}")

    def console(self, message: ConsoleMessage) -> None:
        """What is not there is told by :meth:`answered`."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.fault(message.text)

    def answered(self, answer: Response) -> None:
        """A file that a page asks for is there."""
        if answer.status >= 400 and not answer.request.is_navigation_request():
            self.fault(f"{answer.status}: {answer.url}")

    def look(self, page: Page, *, guises: tuple[Guise, ...] = GUISES) -> None:
        """A page in its guises."""
        self.now, self.language, tab = page.name, "", self.tab(page.viewer)
        for guise in guises:
            wear(tab, guise, self.address)
            if guise.language != self.language:
                self.language = guise.language
                tab.goto(page.path)
                tab.evaluate(_OPEN)
                self.words(tab, guise.language)
                self.widths(tab, WIDTHS if guise.rules == "all" else WIDTHS[:1])
            for line in violations(tab, rules=guise.rules):
                self.fault(f"{guise}: {line}")

    def look_without_scripts(self, page: Page) -> None:
        """Every word of the page, as it stands in its last guise, is there to be read."""
        shown = read(self.tab(page.viewer), "main")
        self.now = f"{page.name} without scripts"
        tab = self.tab(page.viewer, scripts=False)
        wear(tab, GUISES[-1], self.address)
        tab.goto(page.path)
        tab.evaluate(_OPEN)
        if lacking := shown - read(tab, "body"):
            self.fault(f"these words cannot be read: {sorted(lacking)[:20]}")

    def widths(self, tab: Tab, widths: tuple[int, ...]) -> None:
        """Nothing stands beyond the edge."""
        for width in widths:
            tab.set_viewport_size({"width": width, "height": 900})
            # Pages that follow the width by script do so a frame later
            becomes(tab, "document.documentElement.scrollWidth <= innerWidth", wait=10_000)
            beyond = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            if beyond > 0:
                self.fault(f"{beyond} px stand beyond the edge at {width}: {tab.evaluate(_WIDEST)}")
            if width == min(WIDTHS):
                drawn(tab)
                self.squeezed(tab, width)
        tab.set_viewport_size(WIDE)
        drawn(tab)
        self.squeezed(tab, WIDE["width"])

    def squeezed(self, tab: Tab, width: int) -> None:
        """No column is so narrow that its words are broken."""
        if broken := tab.evaluate(_SQUEEZED):
            self.fault(f"squeezed at {width}: {'; '.join(broken)}")

    def words(self, tab: Tab, language: str) -> None:
        """Nothing is left in the other language. Data are in Russian, whoever reads them."""
        texts = set(tab.evaluate(_TEXTS))
        left = {text for text in texts & self.foreign[language] if len(text) > 3}
        if language == "ru":
            left |= {text for text in texts if _ENGLISH.search(text) and not _CYRILLIC.search(text)}
            left |= {text for text in texts if _ENGLISH_SENTENCE.search(text)}
        for text in sorted(left):
            self.fault(f"not in {language}: {text[:120]}")

    def end(self) -> None:
        """Close all; fails with what was wrong."""
        for tab in self.tabs.values():
            tab.context.close()
        assert not self.wrong, "\n".join([f"{len(self.wrong)} faults", *self.wrong])


def read(tab: Tab, selector: str) -> set[str]:
    """Words that a part of a page shows."""
    return set(re.findall(r"[A-Za-zА-Яа-яЁё]{3,}", tab.locator(selector).inner_text()))


def test_every_page_is_accessible_and_whole_in_both_themes_and_languages(
    database: str, desk: str, browser: Browser, dagster: FakeDagster
) -> None:
    seeded = planted(dagster)
    walk = Walk(browser, desk, seeded)
    for language in ("ru", "en"):
        walk.answers |= {(name, language): body for name, body in answers_of(seeded, language).items()}
    names = {name for name, _ in walk.answers}
    for page in [*of_the_desk(seeded), *(Page(name, f"/answered/{name}", "") for name in sorted(names))]:
        walk.look(page)
        walk.look_without_scripts(page)
    walk.end()
    assert len(names) == 6


def test_every_kind_of_page_of_the_admin_is_accessible_in_both_themes(
    database: str, desk: str, browser: Browser, dagster: FakeDagster
) -> None:
    """It speaks English alone; tables that nobody changes are made by one class, and one of them stands for all."""
    seeded = planted(dagster)
    walk = Walk(browser, desk, seeded)
    for page in of_the_admin(seeded):
        walk.look(page, guises=(Guise("light", "en", "all"), Guise("dark", "en", "colours")))
    walk.wrong = [line for line in walk.wrong if not any(f": {rule} " in line for rule in OF_THE_THEME)]
    walk.end()
