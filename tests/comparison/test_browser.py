"""The comparison screen in a real browser: keys, layouts, focus, widths, faults of the network, accessibility."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.comparison.conftest import PASSWORD
from tests.desk.axe import assert_accessible, guises
from tests.desk.screen import PATIENCE, becomes, drawn
from vitrina.review import queue
from vitrina.review.comparing import decide_pair
from vitrina.review.models import Batch, Decision, Lease

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

People = Callable[..., "User"]
Batches = Callable[..., Batch]
WIDTHS = (320, 390, 720, 768, 1024, 1280, 1920)
FACTS = {"Бренд": "Проба", "Объём": "50 мл", "Состав": "вода, пантенол, глицерин", "Для кого": "взрослые " * 30}


@pytest.fixture
def worker(person: People) -> User:
    return person("annotator")


@pytest.fixture
def page(worker: User, desk: str, browser: Browser) -> Iterator[Page]:
    """An annotator's page in Russian; an error in a script or a refused file fails the test."""
    context = browser.new_context(locale="ru", viewport={"width": 1440, "height": 900}, base_url=desk)
    context.set_default_timeout(PATIENCE)
    shown = context.new_page()
    problems: list[str] = []
    shown.on("pageerror", lambda error: problems.append(str(error)))
    # Chromium and htmx write a line for each answer that is no success, also where the page expects it.
    expected = ("Failed to load resource", "htmx:sendError", "htmx:afterRequest")
    shown.on("console", lambda said: problems.append(said.text)
             if said.type == "error" and not any(words in said.text for words in expected) else None)  # fmt: skip
    shown.goto("/accounts/login/")
    shown.fill("[name=login]", worker.email)
    shown.fill("[name=password]", PASSWORD)
    shown.click("button.main")
    shown.wait_for_url("**/compare/")
    yield shown
    context.close()
    assert problems == []


def open_batch(page: Page, batch: Batch) -> None:
    page.goto(f"/compare/{batch.pk}/")
    page.locator('#said:has-text("Пара 1 из")').wait_for(state="attached")


def said(page: Page, words: str) -> None:
    page.locator(f'#said:has-text("{words}")').wait_for(state="attached")


def test_ten_pairs_are_decided_by_keys_alone(page: Page, make_batch: Batches, worker: User) -> None:
    batch = make_batch(12)
    open_batch(page, batch)
    keys = ["1", "2", "3", "4", "ArrowLeft", "ArrowRight", "Numpad1", "1", "4", "2"]
    for number, key in enumerate(keys, 2):
        page.keyboard.press("q")
        page.keyboard.press(key)
        said(page, f"Пара {number} из 12")
        assert page.evaluate("document.activeElement.id") == "text-a"
    shown = ["left", "tie", "tie", "right", "left", "right", "left", "left", "right", "tie"]
    votes = list(Decision.objects.filter(decided_by=worker).order_by("pk"))
    assert [vote.shown for vote in votes] == shown
    assert [vote.tie_kind for vote in votes[:3]] == ["", "", "both_bad"]
    assert all(vote.reasons == ["accuracy"] and 0 < (vote.active_ms or 0) < 60_000 for vote in votes)
    page.keyboard.press("s")
    page.locator("#saved", has_text="Оставлено другим").wait_for()
    page.keyboard.press("f")
    page.keyboard.press("2")
    page.locator("#work.mode-nothing").wait_for()
    page.get_by_text("Для вас в этой партии пар не осталось").wait_for()


def test_keys_are_places_and_typing_decides_nothing(page: Page, make_batch: Batches) -> None:
    batch = make_batch(3)
    open_batch(page, batch)
    page.keyboard.press("c")
    page.keyboard.type("1234 qs")
    page.keyboard.press("Enter")
    assert page.locator("[name=comment]").input_value() == "1234 qs"
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "text-a"
    for chord in ("Control+1", "Alt+2", "Shift+3"):
        page.keyboard.press(chord)
    session = page.context.new_cdp_session(page)
    held = {"type": "keyDown", "code": "Digit1", "key": "1", "windowsVirtualKeyCode": 49, "autoRepeat": True}
    session.send("Input.dispatchKeyEvent", held)
    assert Decision.objects.count() == 0
    # Under the Russian layout the key of Q writes «й», and that of Z «я».
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "code": "KeyQ", "key": "й", "text": "й"})
    assert page.locator('[value="accuracy"]').is_checked()
    page.keyboard.press("1")
    said(page, "Пара 2 из 3")
    assert Decision.objects.get().comment == "1234 qs"
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "code": "KeyZ", "key": "я", "text": "я"})
    said(page, "Пара 1 из 3")
    assert Decision.objects.filter(undone_at=None).count() == 0


def test_where_reasons_are_asked_for_a_key_only_chooses(page: Page, make_batch: Batches) -> None:
    open_batch(page, make_batch(2, rationale_share=1.0))
    page.keyboard.press("4")
    page.locator('.side.chosen[data-side="right"]').wait_for()
    assert page.evaluate("document.activeElement.name") == "reasons"
    assert Decision.objects.count() == 0
    page.keyboard.press("w")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    said(page, "Пара 2 из 2")
    vote = Decision.objects.get()
    assert (vote.shown, vote.reasons) == ("left", ["completeness"])


def test_a_conflict_and_a_lost_network_lose_nothing_that_was_typed(
    page: Page, make_batch: Batches, person: People
) -> None:
    batch = make_batch(2, overlap=1)
    open_batch(page, batch)
    page.keyboard.press("c")
    page.keyboard.type("почему")
    page.keyboard.press("Escape")
    page.route("**/answer/", lambda route: route.abort())
    page.keyboard.press("1")
    page.locator("#problem", has_text="Нет связи").wait_for()
    assert page.locator("[name=comment]").input_value() == "почему"
    page.unroute("**/answer/")
    other, mine = person(), Lease.objects.get(slot=Lease.Slot.CURRENT, ended_at=None)
    while not Decision.objects.filter(item=mine.item_id).exists():
        # Each time: the page may just have said that it is there
        Lease.objects.filter(pk=mine.pk).update(until=mine.created_at)
        if isinstance(found := queue.next_item(other, batch=batch), queue.Taken):
            decide_pair(other, found.token, side="left")
    page.keyboard.press("Enter")
    page.locator("#problem", has_text="решили другие").wait_for()
    assert page.locator("[name=comment]").input_value() == "почему"
    page.reload()
    page.locator("#work").wait_for()


def test_a_training_pair_is_explained_and_enter_goes_on(page: Page, make_batch: Batches) -> None:
    open_batch(page, make_batch(1, onboarding=1))
    page.keyboard.press("2")
    page.get_by_text("Не совсем.").wait_for()
    page.get_by_text("Потому что").wait_for()
    page.keyboard.press("Enter")
    said(page, "Пара 2 из 2")


def test_rules_open_and_close_and_keys_can_be_switched_off(page: Page, make_batch: Batches) -> None:
    open_batch(page, make_batch(2))
    page.keyboard.press("g")
    page.locator("#rules", has_text="Правила").wait_for()
    assert page.evaluate("document.activeElement.id") == "rules"
    page.keyboard.press("Escape")
    page.locator("#rules").wait_for(state="hidden")
    page.keyboard.press("Shift+Slash")
    page.locator("dialog#keys [data-keys-on]").uncheck()
    page.locator("dialog#keys [data-keys-close]").click()
    page.keyboard.press("1")
    page.locator("button.answer.to-right").click()
    said(page, "Пара 2 из 2")
    assert Decision.objects.get().shown == "right"


def test_nothing_stands_beyond_the_edge_at_any_width(page: Page, make_batch: Batches) -> None:
    open_batch(page, batch_with_facts(make_batch))
    for width in WIDTHS:
        # 720 x 450 is what 1440 x 900 shows at 200 %
        page.set_viewport_size({"width": width, "height": 450 if width == 720 else 800})
        page.reload()
        page.locator("#text-a").wait_for()
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        for button in page.locator(".answer").all():
            box = button.bounding_box()
            assert box is not None
            assert box["x"] >= 0, width
            assert box["x"] + box["width"] <= width
            assert box["height"] >= 44, width
        bar = page.locator(".decision").bounding_box()
        assert bar is not None
        if width < 760:
            assert bar["height"] <= 170, width
        else:
            assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0, width
    page.goto("/compare/")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width


def batch_with_facts(make_batch: Batches) -> Batch:
    from vitrina.review.batches import add_pairs
    from vitrina.review.results import PairDraft

    batch = make_batch(0)
    long = "Очень-длинное-слово" * 20
    add_pairs(batch, [PairDraft(f"**Хорошо** {long}", "- слабо\n- пусто\n\n" + "Текст. " * 300, prompt="Опиши",
                                facts=FACTS)])  # fmt: skip
    return batch


def test_every_state_of_the_screen_is_accessible(page: Page, make_batch: Batches) -> None:
    batch = batch_with_facts(make_batch)
    page.goto(f"/compare/{batch.pk}/")
    for guise in guises(page):
        page.locator("#text-a").wait_for()
        page.keyboard.press("q")
        page.keyboard.press("g")
        assert_accessible(page, what="pair with a reason and the rules", guise=guise)
        page.keyboard.press("Escape")
        page.keyboard.press("f")
        assert_accessible(page, what="pair with the report", guise=guise)
        page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.locator("#work.mode-nothing").wait_for()
    assert_accessible(page, what="nothing left")


def test_a_pair_left_by_a_link_goes_back_soon_and_one_loaded_again_is_kept(
    page: Page, make_batch: Batches, worker: User
) -> None:
    from datetime import UTC, datetime, timedelta

    def until() -> datetime:
        return max(Lease.objects.filter(user=worker, ended_at=None).values_list("until", flat=True))

    def comes(wanted: Callable[[datetime], bool]) -> bool:
        """Beacons and beats travel by themselves; a beat that a late beacon undid is repeated after a minute."""
        return any(wanted(until()) or page.wait_for_timeout(200) for _ in range(400))

    open_batch(page, make_batch(3))
    page.reload()
    page.locator("#work.mode-pair").wait_for()
    # Its former self has spoken, the page has answered twice, and none of that is on its way any more
    beats = "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/beat/')).length"
    assert becomes(page, f"{beats} >= 2")
    assert comes(lambda at: at > datetime.now(UTC) + timedelta(minutes=9))
    page.locator(".top .name").click()
    page.wait_for_url(lambda address: "/compare/" not in address or address.endswith("/compare/"))
    assert comes(lambda at: at < datetime.now(UTC) + timedelta(seconds=16))
