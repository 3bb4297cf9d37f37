"""Deciding a case at its screen: answers, conflicts, refusals; with and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import (
    EDIT,
    HTMX,
    decide,
    form_of,
    ids_in,
    lease_of,
    make_cases,
    page,
    user_of,
)

if TYPE_CHECKING:
    from django.test import Client


pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("values", "state"),
    [({"action": "approve"}, "approved"), (EDIT, "approved"), ({"action": "reprocess"}, "reprocess"),
     ({"action": "reprocess", "reasons": ["poor"], "comment": "скучно"}, "reprocess"),
     ({"action": "reject", "reasons": ["invented", "poor"], "comment": "нет"}, "rejected")],
)  # fmt: skip
def test_a_decision_is_kept_and_the_next_case_follows(maria: Client, values: dict[str, Any], state: str) -> None:
    from vitrina.review.models import Decision, Outbox

    first, second = make_cases(2)
    answer = decide(maria, first, form_of(maria, first, active_ms="1500", **values), query="?q=Платье")
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, f"/moderation/{second.pk}/")
    assert "q=" in answer["Location"]
    first.refresh_from_db()
    assert (first.state, lease_of(user_of(maria)).item_id) == (state, second.pk)
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.active_ms, decision.seen) == (user_of(maria), 1500, {"version": 1})
    assert decision.reasons == values.get("reasons", [])
    assert Outbox.objects.filter(decision=decision).exists()
    after = page(maria, answer["Location"])
    assert "data-seconds" in after, "undo stands in the bar"
    if values is EDIT:
        assert decision.edit == {
            "title": "Новый заголовок", "body": "<p>Первый абзац</p><ul><li>пункт</li><li>ещё пункт</li></ul>",
            "seo_title": "", "seo_description": "", "keywords": ["a", "b"],
        }  # fmt: skip


def test_htmx_gets_the_next_case_in_the_same_answer(maria: Client) -> None:
    first, second = make_cases(2)
    answer = decide(maria, first, form_of(maria, first, action="approve"), htmx=True)
    html = answer.content.decode()
    assert (answer.status_code, answer["HX-Push-Url"]) == (200, f"/moderation/{second.pk}/")
    assert "<html" not in html
    assert f'id="row-{second.pk}"' in html
    assert "Одобрено: Платье P-1" in html
    assert 'hx-swap-oob="innerHTML"' in html


def test_a_browser_that_shows_the_list_gets_the_next_case_alone_by_few_statements(maria: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    first, second, third, _fourth = make_cases(4)
    decide(maria, first, form_of(maria, first, action="approve"), htmx=True)
    values = {"token": str(lease_of(user_of(maria)).token), "seen": 1, "action": "approve"}
    listed = HTMX | {"Vitrina-Listed": "?", "accept-language": "ru"}
    with CaptureQueriesContext(connection) as asked:
        answer = maria.post(f"/moderation/{second.pk}/decide/", values, headers=listed)
    html = answer.content.decode()
    assert (answer.status_code, answer["HX-Push-Url"]) == (200, f"/moderation/{third.pk}/")
    assert ids_in(html) == []
    assert '<section class="queue" id="queue" hx-preserve></section>' in html
    assert "Одобрено: Платье P-2" in html
    assert 'id="progress"' not in html
    assert 'data-seconds="60"' in html, "what was decided just now can be undone"
    assert str(lease_of(user_of(maria)).token) in html
    assert len(asked) <= 32, [one["sql"][:80] for one in asked]
    rows = page(maria, f"/moderation/rows/?item={third.pk}")
    assert 'id="progress" hx-swap-oob="true"' in rows
    assert first.pk not in ids_in(rows)


@pytest.mark.parametrize("listed", ["?view=urgent", "", None])
def test_a_browser_that_shows_another_list_gets_the_list_too(maria: Client, listed: str | None) -> None:
    first, second = make_cases(2)
    headers = HTMX | ({"Vitrina-Listed": listed} if listed is not None else {})
    answer = maria.post(f"/moderation/{first.pk}/decide/", form_of(maria, first, action="approve"), headers=headers)
    assert ids_in(answer.content.decode()) == [second.pk]


def test_the_last_case_leads_to_a_calm_page(maria: Client) -> None:
    [item] = make_cases()
    answer = decide(maria, item, form_of(maria, item, action="approve"))
    assert answer["Location"] == "/moderation/"
    assert "Всё сделано" in page(maria, "/moderation/")


@pytest.mark.parametrize(
    ("values", "words"),
    [({"action": "reject", "comment": "напечатанное"}, "Выберите хотя бы одну причину"),
     ({"action": "edit", "title": "", "body": "напечатанное"}, "Нужны заголовок и текст"),
     ({"action": "edit", "title": "x" * 101, "body": "напечатанное"}, "Слишком длинно"),
     ({"action": "reject", "reasons": ["poor"], "comment": "напечатанное" * 200}, "Комментарий слишком длинный"),
     ({"action": "destroy", "comment": "напечатанное"}, "Так решить нельзя")],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_in_words_and_loses_nothing(
    maria: Client, values: dict[str, Any], words: str
) -> None:
    [item] = make_cases()
    form = form_of(maria, item, **values)
    answer = decide(maria, item, form)
    html = answer.content.decode()
    assert (answer.status_code, words in html) == (422, True)
    assert "напечатанное" in html or "comment" not in values
    part = decide(maria, item, form, htmx=True)
    assert (part.status_code, part["HX-Retarget"], "<article" in part.content.decode()) == (422, "#problem", False)
    item.refresh_from_db()
    assert item.state == "open"


def test_who_decides_after_another_is_told_who_and_what_and_keeps_what_was_typed(maria: Client, oleg: Client) -> None:
    from vitrina.review.services import reject

    first, second = make_cases(2)
    form = form_of(maria, first, **EDIT)
    reject(first.pk, by="Ольга", comment="нет")
    answer = decide(maria, first, form)
    html = answer.content.decode()
    assert answer.status_code == 409
    for words in ("Это уже решено", "Ольга: отклонено (нет)", "Новый заголовок", "Первый абзац", "Посмотреть"):
        assert words in html, words
    part = decide(maria, first, form, htmx=True)
    assert (part.status_code, part["HX-Retarget"], part["HX-Push-Url"]) == (409, "#problem", "false")
    [following] = re.findall(r'href="(/moderation/next/[^"]*)"', part.content.decode())
    assert maria.get(following)["Location"] == f"/moderation/{second.pk}/"


def test_a_newer_text_is_a_conflict_that_leads_to_it(maria: Client) -> None:
    from tests.catalog.making import version
    from vitrina.review.models import ReviewItem

    [item] = make_cases()
    form = form_of(maria, item, action="approve")
    newer = ReviewItem.objects.create(kind="text", key="new", product=item.product, version=version(item.product, 2))
    html = decide(maria, item, form, htmx=True).content.decode()
    assert "Текст изменился" in html
    assert f"/moderation/{newer.pk}/" in html


def test_a_decision_after_the_time_ran_out_counts_while_nobody_else_took_the_case(maria: Client, oleg: Client) -> None:
    from django.db.models.functions import Now

    from vitrina.review.leases import sweep_expired
    from vitrina.review.models import Lease

    first, second = make_cases(2)
    late, too_late = form_of(maria, first, action="approve"), None
    Lease.objects.update(until=Now() - timedelta(seconds=1))
    sweep_expired()
    assert decide(maria, first, late).status_code == 302
    too_late = form_of(maria, second, action="approve")
    Lease.objects.filter(ended_at=None).update(until=Now() - timedelta(seconds=1))
    page(oleg, f"/moderation/{second.pk}/")
    answer = decide(maria, second, too_late)
    assert (answer.status_code, "взял кто-то другой" in answer.content.decode()) == (409, True)
    second.refresh_from_db()
    assert second.state == "open"


def test_the_same_decision_from_two_windows_is_one_and_another_is_a_conflict(maria: Client) -> None:
    from vitrina.review.models import Decision

    [item] = make_cases()
    form = form_of(maria, item, action="approve")
    assert decide(maria, item, form).status_code == 302
    assert decide(maria, item, form).status_code == 302
    answer = decide(maria, item, form | {"action": "reprocess"})
    assert (answer.status_code, "в другом окне" in answer.content.decode()) == (409, True)
    assert Decision.objects.count() == 1


def test_a_price_and_a_list_are_decided_but_not_edited(maria: Client) -> None:
    from tests.catalog.making import drop_row
    from vitrina.catalog.models import Publication
    from vitrina.review.models import ReviewItem

    [text] = make_cases()
    details = {"old": ["1234.5", "RUB"], "new": ["99", "RUB"], "drop": "", "note": None}
    price = ReviewItem.objects.create(kind="price", key="price:1", product=text.product, details=details)
    drop = drop_row(text.created_at)
    gone = {"rule": "catalogue_share", "missing": 30, "of": 40, "message": "30 of 40 goods are gone"}
    goods = ReviewItem.objects.create(kind="list", key="list:1", drop=drop, reasons=[gone], details={"products": [1]})
    html = page(maria, f"/moderation/{price.pk}/")
    assert "1\xa0234,50 RUB" in html
    assert "data-editor" not in html
    assert "Пропало товаров: 30 из 40" in page(maria, f"/moderation/{goods.pk}/")
    answer = decide(maria, price, form_of(maria, price, action="approve"))
    assert (answer.status_code, Publication.objects.count()) == (422, 0)
    assert decide(maria, goods, form_of(maria, goods, action="reject", reasons=["wrong_fact"])).status_code == 302
