"""What was saved is told where it covers nothing that is judged, and nothing moves when it comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import make_cases
from tests.desk.screen import opened, signed_in
from tests.review.conftest import make_batch

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page

    from vitrina.review.models import Batch

__all__ = ["make_batch"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = ((320, 568), (390, 844), (768, 600), (1024, 768), (1440, 900), (1920, 1080))
TITLE = "Платье миди из шёлка с короткими рукавами и карманами, синее, больших размеров {}"
#: What a message covers of the first lines of texts, of titles and of buttons; then whether the message itself is seen.
_COVERED = """([message, texts, others]) => {
  const box = (one) => one.getBoundingClientRect();
  const crosses = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const range = document.createRange();
  const line = (one) => { range.selectNodeContents(one); return range.getClientRects()[0]; };
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const told = seen(message), faults = [];
  if (told.length !== 1) return [`${told.length} messages`];
  const place = box(told[0]);
  const judged = [...seen(texts).map((one) => [one, line(one)]), ...seen(others).map((one) => [one, box(one)])];
  if (!seen(texts).length) faults.push("no text is shown");
  for (const [one, part] of judged) if (crosses(place, part)) faults.push(`covers ${one.outerHTML.slice(0, 80)}`);
  const inside = place.left >= 0 && place.right <= innerWidth && place.top >= 0 && place.bottom <= innerHeight;
  if (!inside) faults.push("stands beyond the window");
  const pressed = told[0].querySelector("button:not([hidden])") || told[0], middle = box(pressed);
  const top = document.elementFromPoint(middle.x + middle.width / 2, middle.y + middle.height / 2);
  if (!pressed.contains(top)) faults.push("it is covered itself");
  return faults;
}"""
#: Where the parts of a screen stand.
_PLACES = """(selectors) => [...document.querySelectorAll(selectors)].map((one) => {
  const box = one.getBoundingClientRect();
  return [box.x, box.y, box.width, box.height];
})"""


def covered(page: Page, message: str, texts: str, others: str) -> list[str]:
    """What is wrong with the place of the one message; then the message goes, and nothing may move."""
    page.locator(message).wait_for()
    faults: list[str] = page.evaluate(_COVERED, [message, texts, others])
    parts = f"{texts}, {others}, main, header"
    before = page.evaluate(_PLACES, parts)
    page.evaluate("(message) => document.querySelectorAll(message).forEach((one) => one.remove())", message)
    return faults if page.evaluate(_PLACES, parts) == before else [*faults, "something moved"]


def wide(page: Page, size: tuple[int, int]) -> None:
    """Windows of another size."""
    page.set_viewport_size({"width": size[0], "height": size[1]})


def test_a_decision_on_a_case_is_told_beside_what_is_judged(
    database: str, person: Callable[..., User], desk: str, browser: Browser
) -> None:
    first, second, _third = make_cases(3, title=TITLE)
    page, faults = signed_in(browser, desk, person("moderator")), {}
    page.goto(f"{desk}/moderation/")
    page.keyboard.press("j")
    opened(page, first)
    judged = ("#messages .toast", "[data-panel] p", "#item-title, .text .about, .tabs a, .facts, [data-bar]")
    for size in SIZES:
        wide(page, size)
        page.keyboard.press("a")
        opened(page, second)
        faults[size, "approved"] = covered(page, *judged)
        page.keyboard.press("z")
        opened(page, first)
        faults[size, "taken back"] = covered(page, *judged)
    page.context.close()
    assert not any(faults.values()), {name: found for name, found in faults.items() if found}


def test_messages_that_stay_have_room_of_their_own_on_a_phone(
    database: str, person: Callable[..., User], desk: str, browser: Browser
) -> None:
    from vitrina.review.services import approve

    first, second, *_others = make_cases(4, title=TITLE)
    page = signed_in(browser, desk, person("moderator"), viewport={"width": 390, "height": 844})
    page.goto(f"{desk}/moderation/")
    for item in (first, second):
        page.locator(f'[data-pick][value^="{item.pk}:"]').check()
    approve(first.pk, by="Ольга")
    page.locator("#bulk button[value=approve]").click()
    page.locator("#messages .toast[data-stays]").wait_for()
    below = page.locator("#messages").bounding_box()
    title = page.locator("#item-title").bounding_box()
    page.context.close()
    assert below is not None
    assert title is not None
    assert below["y"] + below["height"] <= title["y"]


def test_an_answer_on_a_pair_is_told_beside_what_is_judged(
    database: str, person: Callable[..., User], desk: str, browser: Browser, make_batch: Callable[..., Batch]
) -> None:
    from django.core.cache import cache

    from vitrina.review.batches import add_pairs
    from vitrina.review.results import PairDraft

    cache.clear()
    batch = make_batch(0)
    facts: dict[str, Any] = {"Бренд": "Проба", "Объём": "50 мл", "Для кого": "взрослые " * 30}
    add_pairs(batch, [PairDraft("Хорошо. " * n, "Слабо. " * 200, prompt="Опиши", facts=facts) for n in range(50, 60)])
    page, faults = signed_in(browser, desk, person("annotator")), {}
    page.goto(f"{desk}/compare/{batch.pk}/")
    judged = ("#saved .toast", ".side .body", "#question, .pairs dd, .side header, .decision")
    for place, size in enumerate(SIZES, 2):
        wide(page, size)
        page.locator("#text-a").wait_for()
        page.keyboard.press("1")
        page.locator(f'#said:has-text("Пара {place} из")').wait_for(state="attached")
        faults[size] = covered(page, *judged)
    page.context.close()
    assert not any(faults.values()), {name: found for name, found in faults.items() if found}


def test_without_scripts_a_message_covers_nothing(
    database: str, person: Callable[..., User], desk: str, browser: Browser
) -> None:
    make_cases(2, title=TITLE)
    page = signed_in(browser, desk, person("moderator"), java_script_enabled=False)
    page.goto(f"{desk}/moderation/")
    page.locator("[data-row]").first.click()
    for width in (320, 1440):
        wide(page, (width, 900))
        page.locator("[data-bar] button[value=approve]").click()
        told, main = page.locator("#messages").bounding_box(), page.locator("main").bounding_box()
        assert told is not None
        assert main is not None
        assert 0 < told["height"] <= main["y"] - told["y"] + 1, width
        page.locator("#messages").get_by_role("button", name="Отменить").click()
    page.context.close()
