"""Both work screens at 200 %: the page zoomed, and letters alone made twice as large.

A window of 1280 × 1024 that is zoomed to 200 % has 640 × 512 pixels of CSS, each of two by two on the screen. Larger
letters alone are a larger size of the root: measures in rem follow it, and no media query does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import make_cases
from tests.desk.screen import drawn, opened, signed_in
from tests.review.conftest import make_batch

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page

    from vitrina.review.models import Batch

__all__ = ["make_batch"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ZOOMED: dict[str, Any] = {"viewport": {"width": 640, "height": 512}, "device_scale_factor": 2}
BODY = "<p>" + "Платье из шёлка, мягкое и лёгкое, с карманами. " * 40 + "</p>"
#: What stands beyond the edge; then of each control, brought into view as a reader would, why it cannot be pressed.
_FAULTS = """(selector) => {
  const beyond = document.documentElement.scrollWidth - innerWidth;
  const faults = beyond > 0 ? [`${beyond} px beyond the edge`] : [];
  const shown = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  if (!shown.length) faults.push("no control is shown");
  for (const one of shown) {
    one.scrollIntoView({ block: "nearest", inline: "nearest" });
    const box = one.getBoundingClientRect(), name = one.textContent.replace(/\\s+/g, " ").trim() || one.name;
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const whole = box.left > -1 && box.right < innerWidth + 1 && box.top > -1 && box.bottom < innerHeight + 1;
    const reached = top && (one.contains(top) || (one.closest("label") || one).contains(top));
    if (!whole) faults.push(`${name}: beyond the window`);
    else if (!reached) faults.push(`${name}: covered by ${top && top.outerHTML.slice(0, 80)}`);
    if (one.scrollWidth > one.clientWidth + 1) faults.push(`${name}: its words are cut`);
  }
  return faults;
}"""
#: Lines of a text that are seen at once between header and bar, and the size of its letters.
_READ = """([text, bar]) => {
  const paragraph = document.querySelector(text), style = getComputedStyle(paragraph);
  paragraph.scrollIntoView({ block: "start" });
  const box = paragraph.getBoundingClientRect();
  let top = Math.max(box.top, 0);
  let bottom = Math.min(box.bottom, document.querySelector(bar).getBoundingClientRect().top);
  for (let one = paragraph.parentElement; one; one = one.parentElement) {
    if (getComputedStyle(one).overflowY === "visible") continue;
    const clip = one.getBoundingClientRect();
    bottom = Math.min(bottom, clip.bottom);
    top = Math.max(top, clip.top);
  }
  return [(bottom - top) / parseFloat(style.lineHeight), parseFloat(style.fontSize)];
}"""


def enlarge_letters(page: Page) -> None:
    """Twice the size, in a window that is not zoomed."""
    page.set_viewport_size({"width": 1280, "height": 1024})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    drawn(page)


def readable(page: Page, text: str, bar: str, *, size: float, lines: float) -> None:
    """So many lines of the text are seen at once, in letters of this size."""
    seen, letters = page.evaluate(_READ, [text, bar])
    assert (letters, seen) >= (size, lines), (letters, seen)
    assert seen >= lines, seen


def test_a_case_is_read_and_decided_at_200_percent(
    database: str, person: Callable[..., User], desk: str, browser: Browser
) -> None:
    case = make_cases(2, body=BODY)[0]
    page = signed_in(browser, desk, person("moderator"), **ZOOMED)
    page.goto(f"{desk}/moderation/")
    assert page.evaluate(_FAULTS, ".rows [data-row], .views a") == []
    page.keyboard.press("j")
    opened(page, case)
    for letters in (False, True):
        if letters:
            enlarge_letters(page)
        readable(page, '[data-panel="text"] p', "[data-bar]", size=34 if letters else 17, lines=6)
        controls = "[data-bar] :is(button, summary, a), .tabs a"
        faults = {"deciding": page.evaluate(_FAULTS, controls)}
        page.keyboard.press("r")
        faults["rejecting"] = page.evaluate(_FAULTS, f"{controls}, .choices input, .why input[name=comment]")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.locator("[data-editing]").wait_for()
        faults["editing"] = page.evaluate(_FAULTS, "[data-bar] :is(button, summary, a)")
        page.keyboard.press("Escape")
        if not letters:
            page.locator("[data-more] > summary").click()
            faults["more"] = page.evaluate(_FAULTS, ".others :is(button, summary, a)")
            page.locator("[data-more] > summary").click()
        assert not any(faults.values()), (letters, faults)
    page.context.close()


def test_a_pair_is_read_and_decided_at_200_percent(
    database: str, person: Callable[..., User], desk: str, browser: Browser, make_batch: Callable[..., Batch]
) -> None:
    from django.core.cache import cache

    from vitrina.review.batches import add_pairs
    from vitrina.review.results import PairDraft

    cache.clear()
    batch = make_batch(0)
    facts = {"Бренд": "Проба", "Объём": "50 мл", "Для кого": "взрослые " * 30}
    add_pairs(batch, [PairDraft("Хорошо. " * 200, "Слабо. " * 200, prompt="Опиши", facts=facts)])
    page = signed_in(browser, desk, person("annotator"), **ZOOMED)
    page.goto(f"{desk}/compare/{batch.pk}/")
    page.locator("#text-a").wait_for()
    for letters in (False, True):
        if letters:
            enlarge_letters(page)
        for side in ("a", "b"):
            readable(page, f"#text-{side} p", ".decision", size=32 if letters else 16, lines=4)
        controls = ".decision :is(button, summary, .reason input)"
        faults = {"deciding": page.evaluate(_FAULTS, controls)}
        if not letters:
            for part in ("why", "others"):
                page.locator(f".{part} > summary").click()
                faults[part] = page.evaluate(_FAULTS, f"{controls}, .why input[name=comment]")
                page.locator(f".{part} > summary").click()
        assert not any(faults.values()), (letters, faults)
    page.context.close()
