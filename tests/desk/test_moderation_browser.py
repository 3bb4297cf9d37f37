"""The moderation screen in a real browser: keys, layouts, what is typed, widths, accessibility."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.desk.axe import assert_accessible, guises
from tests.desk.cases import make_cases
from tests.desk.screen import drawn, opened, press, signed_in, states

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page

    from vitrina.review.models import ReviewItem

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDTHS = (320, 390, 720, 768, 1024, 1280, 1920)


@pytest.fixture
def cases(database: str) -> list[ReviewItem]:
    return make_cases(4)


@pytest.fixture
def page(cases: list[ReviewItem], person: Callable[..., User], desk: str, browser: Browser) -> Iterator[Page]:
    """A moderator's list in Russian; an error in a script or a refused file fails the test."""
    shown = signed_in(browser, desk, person("moderator"))
    problems: list[str] = []
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("console", lambda told: problems.append(told.text) if told.type in {"error", "warning"} else None)
    shown.goto(f"{desk}/moderation/")
    yield shown
    shown.context.close()
    # A browser writes down by itself that a request was refused or did not arrive, and htmx too.
    expected = ("status of 4", "ERR_FAILED", "htmx:")
    assert [line for line in problems if not any(words in line for words in expected)] == []


def test_a_moderator_works_through_the_list_by_keys_alone(page: Page, cases: list[ReviewItem]) -> None:
    from vitrina.review.models import Decision, Lease

    first, second, third, fourth = cases
    page.keyboard.press("j")
    opened(page, first)
    page.keyboard.press("a")
    opened(page, second)
    page.get_by_text("Одобрено: Платье P-1").wait_for()
    page.keyboard.press("z")
    opened(page, first)
    assert states(cases)[0] == "open"
    page.keyboard.press("j")
    opened(page, second)
    page.keyboard.press("k")
    opened(page, first)
    page.keyboard.press("r")
    assert page.locator('#decide button[value="reject"]').is_disabled(), "nothing is chosen beforehand"
    page.keyboard.press("2")
    page.keyboard.press("5")
    page.keyboard.press("c")
    page.keyboard.type("2 раза a")
    page.keyboard.press("Enter")
    opened(page, second)
    decision = Decision.objects.get(undone_at=None)
    assert (decision.action, decision.reasons, decision.comment) == ("reject", ["invented", "poor"], "2 раза a")
    page.keyboard.press("s")
    opened(page, third)
    page.keyboard.press("w")
    opened(page, fourth)
    assert states(cases) == ["rejected", "open", "reprocess", "open"]
    assert list(Lease.objects.filter(ended_at=None).values_list("item", flat=True)) == [fourth.pk]


def test_the_list_beside_follows_what_is_decided_and_a_row_that_is_clicked(page: Page, cases: list[ReviewItem]) -> None:
    first, second, third, _fourth = cases
    page.keyboard.press("j")
    opened(page, first)
    page.locator(f'[data-pick][value^="{third.pk}:"]').check()
    page.keyboard.press("a")
    opened(page, second)
    page.locator(f"#row-{second.pk}[aria-current]").wait_for()
    page.locator(f"#row-{first.pk}").wait_for(state="detached")
    assert page.locator(".rows .current [data-row]").count() == 1
    assert page.locator("[data-pick]:checked").count() == 1, "what was selected stays so"
    page.locator(f"#row-{third.pk}").click()
    opened(page, third)
    page.locator(f"#row-{third.pk}[aria-current]").wait_for()
    assert page.locator('#bulk input[name="here"]').input_value() == str(third.pk)
    page.go_back()
    # The page is loaded anew, and obeys keys when its scripts have run
    page.locator("#item-title", has_text="P-2").wait_for()
    page.locator("[data-keys-open]").wait_for()
    page.keyboard.press("j")
    opened(page, third)


def test_keys_are_places_on_the_keyboard_whatever_the_layout(page: Page, cases: list[ReviewItem]) -> None:
    press(page, "KeyJ", "о")
    opened(page, cases[0])
    press(page, "KeyP", "з")
    page.locator('[data-panel="site"]').wait_for(state="visible")
    press(page, "KeyA", "ф")
    opened(page, cases[1])
    press(page, "KeyZ", "я")
    opened(page, cases[0])
    press(page, "KeyR", "к")
    page.get_by_text("Почему отклоняем? Можно несколько").wait_for()


def test_typing_held_keys_and_the_browsers_own_shortcuts_decide_nothing(page: Page, cases: list[ReviewItem]) -> None:
    page.keyboard.press("j")
    opened(page, cases[0])
    page.keyboard.press("/")
    page.keyboard.type("aaa 123")
    page.keyboard.press("Escape")
    for combination in ("Control+a", "Alt+a", "Meta+a", "Control+1"):
        page.keyboard.press(combination)
    page.keyboard.press("r")
    page.keyboard.press("c")
    page.keyboard.type("1 2 3 a")
    assert page.locator("input[name=reasons]:checked").count() == 0
    page.keyboard.press("Escape")
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyA', repeat: true, bubbles: true}))")
    assert states(cases) == ["open"] * 4
    assert page.locator("#q").input_value() == "aaa 123"


def test_single_keys_can_be_moved_and_switched_off_and_stay_so(page: Page, cases: list[ReviewItem]) -> None:
    page.keyboard.press("Shift+?")
    page.locator("dialog[open]").wait_for()
    page.locator('tr[data-action="approve"] [data-key-change]').click()
    page.keyboard.press("e")
    page.get_by_text("Эта клавиша уже занята").wait_for()
    page.locator('tr[data-action="approve"] [data-key-change]').click()
    page.keyboard.press("y")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    opened(page, cases[0])
    assert page.locator('#decide kbd[data-for="approve"]').inner_text() == "Y"
    page.keyboard.press("a")
    page.keyboard.press("y")
    opened(page, cases[1])
    page.keyboard.press("Shift+?")
    page.locator("[data-keys-on]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    page.keyboard.press("j")
    assert states(cases) == ["approved", "open", "open", "open"]


def test_an_edit_is_counted_checked_kept_until_saved_and_saved_by_ctrl_enter(
    page: Page, cases: list[ReviewItem]
) -> None:
    from vitrina.review.models import Decision

    page.keyboard.press("j")
    opened(page, cases[0])
    page.keyboard.press("e")
    body = page.locator('textarea[name="body"]')
    page.get_by_role("button", name="шёлка").wait_for()
    page.keyboard.press("Escape")
    assert not body.is_visible(), "nothing was changed, so nothing is asked"
    page.keyboard.press("e")
    body.fill("Платье мягкое.\n• Удобное")
    page.get_by_text("Проверки ни в чём не сомневаются").wait_for()
    assert "3 / 150–250" in page.locator('[data-counter="body"]').inner_text()
    page.keyboard.press("Escape")
    page.get_by_text("Отбросить правку?").wait_for()
    page.reload()
    page.get_by_text("нашлась ваша несохранённая правка").wait_for()
    assert body.input_value() == "Платье мягкое.\n• Удобное"
    page.keyboard.press("Control+Enter")
    opened(page, cases[1])
    decision = Decision.objects.get()
    assert decision.edit is not None
    assert (decision.action, decision.edit["body"]) == (
        "edit", "<p>Платье мягкое.</p><ul><li>Удобное</li></ul>",
    )  # fmt: skip
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('vitrina-draft')).length") == 0


def test_a_conflict_and_a_lost_network_lose_nothing_that_was_typed(page: Page, cases: list[ReviewItem]) -> None:
    from vitrina.review.services import reject

    page.keyboard.press("j")
    opened(page, cases[0])
    page.keyboard.press("r")
    page.keyboard.press("1")
    page.locator("#decide input[name=comment]").fill("важное замечание")
    page.route("**/decide/**", lambda route: route.abort())
    page.keyboard.press("Enter")
    page.get_by_text("Сервер не отвечает").wait_for()
    page.unroute("**/decide/**")
    reject(cases[0].pk, by="Ольга", comment="нет")
    page.locator("#decide input[name=comment]").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Это уже решено").wait_for()
    assert "Ольга: отклонено (нет)" in page.locator("#problem").inner_text()
    assert page.locator("#decide input[name=comment]").input_value() == "важное замечание"
    page.locator("#problem").get_by_text("Дальше").click()
    opened(page, cases[1])
    page.context.clear_cookies(name="vitrina_session")
    page.keyboard.press("r")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.get_by_text("Вы вышли из системы").wait_for()


def test_rows_are_selected_by_keys_and_decided_together(page: Page, cases: list[ReviewItem]) -> None:
    page.keyboard.press("j")
    opened(page, cases[0])
    page.keyboard.press("x")
    page.keyboard.press("j")
    opened(page, cases[1])
    page.keyboard.press("j")
    opened(page, cases[2])
    page.keyboard.press("Shift+X")
    page.locator("#bulk").get_by_role("button", name="Одобрить 3").click()
    opened(page, cases[3])
    page.get_by_text("Одобрены 3 карточки").wait_for()
    page.locator("#messages").get_by_role("button", name="Отменить").click()
    page.get_by_text("Отменены 3 решения").or_(page.get_by_text("3 решения отменены")).wait_for()
    assert states(cases) == ["open"] * 4


def test_nothing_stands_beyond_the_edge_at_any_width(page: Page, cases: list[ReviewItem]) -> None:
    page.keyboard.press("j")
    opened(page, cases[0])
    over = []
    for width in WIDTHS:
        # 720 x 450 is what 1440 x 900 shows at 200 %
        page.set_viewport_size({"width": width, "height": 450 if width == 720 else 800})
        drawn(page)
        for state in ("plain", "reject", "edit", "more"):
            if state == "reject":
                page.locator("[data-reasons] > summary").click()
            elif state == "edit":
                page.locator("[data-edit]").click()
            elif state == "more" and width < 1100:
                page.locator("[data-more] > summary").click()
            beyond = page.evaluate(
                "[document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll("
                "'.bar button, .bar summary, .bar a')].filter((one) => one.checkVisibility()).map((one) => Math.max("
                "one.getBoundingClientRect().right - innerWidth, one.scrollWidth - one.clientWidth - 1))]"
            )
            if max(beyond) > 0:
                over.append((width, state, beyond))
            if state == "plain" and width < 760:
                box = page.locator("[data-bar]").bounding_box()
                assert box is not None
                assert box["height"] <= 170
            page.keyboard.press("Escape")
            if state == "more" and width < 1100:
                page.locator("[data-more] > summary").click()
    assert over == []


def test_every_state_of_the_screen_is_accessible(page: Page, cases: list[ReviewItem]) -> None:
    page.keyboard.press("j")
    opened(page, cases[0])
    for guise in guises(page):
        page.keyboard.press("x")
        page.keyboard.press("r")
        assert_accessible(page, what="rejecting", guise=guise)
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.locator(".doubts").wait_for()
        assert_accessible(page, what="editing", guise=guise)
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+?")
        assert_accessible(page, what="keys", guise=guise)
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    drawn(page)
    assert_accessible(page, what="telephone")


def test_without_scripts_a_case_is_read_edited_and_decided(
    cases: list[ReviewItem], person: Callable[..., User], desk: str, browser: Browser
) -> None:
    page = signed_in(browser, desk, person("moderator"), locale="en", java_script_enabled=False)
    page.goto(f"{desk}/moderation/")
    page.locator("[data-row]").first.click()
    page.locator(".reasons summary").click()
    page.get_by_label("Something is invented").last.check()
    page.locator('#decide button[value="reject"]').click()
    page.get_by_text("Rejected: Платье P-1").wait_for()
    page.get_by_role("link", name="Edit").click()
    page.locator('input[name="title"]').fill("By hand")
    page.get_by_role("button", name="Save and approve").click()
    page.get_by_text("Edited and approved: Платье P-2").wait_for()
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_text("Taken back: Платье P-2").wait_for()
    page.context.close()
    assert states(cases) == ["rejected", "open", "open", "open"]
