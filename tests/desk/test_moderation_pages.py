"""The moderation screen by its answers: decisions, conflicts, leases, lists, roles; without scripts, and for htmx."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import FEW_FACTS, UNSUPPORTED, form_of, lease_of, make_cases, user_of
from tests.desk.conftest import PASSWORD, new_client

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from vitrina.review.models import ReviewItem

pytestmark = pytest.mark.usefixtures("database")
HTMX = {"HX-Request": "true"}
EDIT = {
    "action": "edit",
    "title": "Новый заголовок",
    "body": "Первый абзац\n\n• пункт\n• ещё пункт",
    "keywords": "a, b",
}


@pytest.fixture
def maria(client_of: Callable[..., Client]) -> Client:
    return client_of("moderator")


@pytest.fixture
def oleg(person: Callable[..., User]) -> Client:
    """Another moderator."""
    client = new_client()
    user = person("moderator", "oleg@example.com")
    user.first_name = "Олег Петров"
    user.save()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def page(client: Client, path: str, **headers: Any) -> str:
    answer = client.get(path, headers={"accept-language": "ru", **headers})
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def decide(client: Client, item: ReviewItem, values: dict[str, Any], *, htmx: bool = False, query: str = "") -> Any:
    headers = {"accept-language": "ru"} | (HTMX if htmx else {})
    return client.post(f"/moderation/{item.pk}/decide/{query}", values, headers=headers)


def ids_in(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="row-(\d+)"', html)]


# ---------------------------------------------------------------- holding


def test_an_opened_case_is_held_for_ten_minutes_and_others_see_by_whom(maria: Client, oleg: Client) -> None:
    [item] = make_cases()
    first = page(maria, f"/moderation/{item.pk}/")
    assert "за вами до" in first
    assert lease_of(user_of(maria)).item_id == item.pk
    assert page(maria, f"/moderation/{item.pk}/").count('name="token"') == first.count('name="token"'), "again the same"
    other = page(oleg, f"/moderation/{item.pk}/")
    assert "moderator держит это до" in other
    assert 'id="decide"' not in other
    assert "держит moderator" in page(oleg, "/moderation/")


def test_opening_another_case_gives_the_former_back(maria: Client, oleg: Client) -> None:
    first, second = make_cases(2)
    page(maria, f"/moderation/{first.pk}/")
    page(maria, f"/moderation/{second.pk}/")
    assert 'id="decide"' in page(oleg, f"/moderation/{first.pk}/")


def test_a_page_that_is_left_gives_its_case_back_unless_it_was_only_loaded_again(maria: Client) -> None:
    from vitrina.review.models import Lease

    [item] = make_cases()
    token = form_of(maria, item)["token"]
    assert maria.post("/moderation/leave/", {"token": token}).status_code == 204
    short = Lease.objects.get().until
    answer = maria.post("/moderation/beat/", {"token": token})
    assert answer.status_code == 200
    assert Lease.objects.get().until > short + timedelta(minutes=9)
    Lease.objects.update(until=short - timedelta(minutes=1))
    from vitrina.review.leases import sweep_expired

    assert sweep_expired() == 1
    answer = maria.post("/moderation/beat/", {"token": token}, headers={"accept-language": "ru"})
    assert (answer.status_code, "вышло" in answer.json()["words"]) == (409, True)
    assert maria.post("/moderation/leave/", {"token": "nonsense"}).status_code == 204


def test_who_signs_out_holds_nothing(maria: Client) -> None:
    from vitrina.review.models import Lease

    [item] = make_cases()
    form_of(maria, item)
    maria.post("/accounts/logout/")
    assert not Lease.objects.filter(ended_at=None).exists()


# ---------------------------------------------------------------- deciding


@pytest.mark.parametrize(
    ("values", "state"),
    [({"action": "approve"}, "approved"), (EDIT, "approved"), ({"action": "reprocess"}, "reprocess"),
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


# ---------------------------------------------------------------- changing one's mind


def test_an_undone_decision_shows_its_case_again_as_if_nothing_was(maria: Client) -> None:
    from vitrina.review.models import Outbox

    first, _second = make_cases(2)
    decide(maria, first, form_of(maria, first, action="approve"))
    answer = maria.post("/moderation/undo/")
    assert answer["Location"] == f"/moderation/{first.pk}/"
    first.refresh_from_db()
    assert first.state == "open"
    assert lease_of(user_of(maria)).item_id == first.pk
    assert not Outbox.objects.filter(void_at=None).exists()
    assert maria.post("/moderation/undo/", headers=HTMX).status_code == 409, "there is nothing more"


def test_after_a_minute_a_decision_is_changed_and_not_undone(maria: Client) -> None:
    from tests.review.test_deciding import let_pass
    from vitrina.review.models import Decision

    [item] = make_cases()
    decide(maria, item, form_of(maria, item, action="approve"))
    let_pass()
    answer = maria.post("/moderation/undo/", headers={"accept-language": "ru"})
    assert (answer.status_code, "/moderation/mine/" in answer.content.decode()) == (409, True)
    assert "Платье P-1" in page(maria, "/moderation/mine/")
    html = page(maria, f"/moderation/{item.pk}/")
    assert "Решение можно изменить" in html
    [change] = re.findall(r'name="change" value="(\d+)"', html)
    values = {"change": change, "action": "reject", "reasons": ["category"]}
    assert decide(maria, item, values).status_code == 302
    item.refresh_from_db()
    assert (item.state, Decision.objects.filter(superseded_by=None).get().reasons) == ("rejected", ["category"])


def test_somebody_elses_decision_is_read_and_not_changed(maria: Client, oleg: Client) -> None:
    [item] = make_cases()
    decide(maria, item, form_of(maria, item, action="approve"))
    html = page(oleg, f"/moderation/{item.pk}/")
    assert "moderator: одобрено" in html
    assert 'id="decide"' not in html
    assert oleg.post("/moderation/undo/").status_code == 409


def test_a_case_that_was_put_off_goes_to_others_and_comes_back_when_asked_for(maria: Client, oleg: Client) -> None:
    first, second = make_cases(2)
    token = form_of(maria, first)["token"]
    assert maria.post(f"/moderation/{first.pk}/later/", {"token": token})["Location"] == f"/moderation/{second.pk}/"
    assert "отложено вами" in page(maria, "/moderation/")
    assert oleg.get("/moderation/next/")["Location"] == f"/moderation/{first.pk}/"
    decide(maria, second, form_of(maria, second, action="approve"))
    assert maria.get("/moderation/next/")["Location"] == "/moderation/"
    maria.post("/moderation/show-again/")
    oleg.post("/accounts/logout/")
    assert maria.get("/moderation/next/")["Location"] == f"/moderation/{first.pk}/"


# ---------------------------------------------------------------- who does what


def test_a_case_is_given_to_a_colleague(maria: Client, oleg: Client) -> None:
    first, second = make_cases(2)
    form_of(maria, first)
    values = {"to": str(user_of(oleg).pk)}
    assert maria.post(f"/moderation/{first.pk}/assign/", values)["Location"] == f"/moderation/{second.pk}/"
    assert "для: О. Петров" in page(maria, "/moderation/")
    assert ids_in(page(oleg, "/moderation/?view=mine")) == [first.pk]
    assert ids_in(page(maria, "/moderation/?view=mine")) == []
    mine = maria.post(f"/moderation/{second.pk}/assign/", {"to": str(user_of(maria).pk)})
    assert mine["Location"] == f"/moderation/{second.pk}/"
    maria.post(f"/moderation/{first.pk}/assign/", {"to": ""})
    first.refresh_from_db()
    assert first.assignee is None


def test_work_is_given_to_moderators_only(maria: Client, person: Callable[..., User]) -> None:
    [item] = make_cases()
    form_of(maria, item)
    maria.post(f"/moderation/{item.pk}/assign/", {"to": str(person("annotator").pk)})
    item.refresh_from_db()
    assert item.assignee is None


def test_several_are_decided_at_once_but_for_what_another_holds(maria: Client, oleg: Client) -> None:
    first, second, third = make_cases(3)
    page(oleg, f"/moderation/{second.pk}/")
    values = {"items": [f"{item.pk}:1" for item in (first, second, third)], "action": "approve"}
    answer = maria.post("/moderation/bulk/", values, headers={"accept-language": "ru"}, follow=True)
    html = answer.content.decode()
    for words in ("Одобрены 2 карточки", "1 карточка оставлена как была", "Сейчас это держит О. Петров"):
        assert words in html, words
    [undone] = re.findall(r'name="decisions" value="(\d+,\d+)"', html)
    assert ids_in(html) == [second.pk]
    maria.post("/moderation/undo/", {"decisions": undone})
    assert sorted(ids_in(page(maria, "/moderation/"))) == [first.pk, second.pk, third.pk]


def test_several_are_rejected_for_one_reason_only_with_a_reason(maria: Client) -> None:
    first, second = make_cases(2)
    values = {"items": [f"{first.pk}:1", f"{second.pk}:1"], "action": "reject"}
    assert maria.post("/moderation/bulk/", values).status_code == 422
    assert maria.post("/moderation/bulk/", {"action": "approve"}).status_code == 422
    assert maria.post("/moderation/bulk/", values | {"reasons": "poor"}).status_code == 302
    first.refresh_from_db()
    assert (first.state, first.decisions.get().reasons) == ("rejected", ["poor"])


def test_what_changed_since_the_list_was_made_is_left_by_a_bulk(maria: Client) -> None:
    from tests.catalog.making import version

    [item] = make_cases()
    [box] = re.findall(r'value="(\d+:\d+)"', page(maria, "/moderation/"))
    version(item.product, 2)
    maria.post("/moderation/bulk/", {"items": [box], "action": "approve", "here": str(item.pk)})
    item.refresh_from_db()
    assert item.state == "open"


def test_several_are_assigned_at_once(maria: Client, oleg: Client) -> None:
    made = make_cases(2)
    values = {"items": [f"{item.pk}:1" for item in made], "action": "assign", "to": str(user_of(oleg).pk)}
    html = maria.post("/moderation/bulk/", values, headers={"accept-language": "ru"}, follow=True).content.decode()
    assert "2 карточки назначены: О. Петров" in html
    assert len(ids_in(page(oleg, "/moderation/?view=mine"))) == 2


# ---------------------------------------------------------------- the list


def test_views_and_filters_stand_in_the_address(maria: Client) -> None:
    doubted, plain = make_cases(1)[0], make_cases(1, prefix="Q", source="bazaar", reasons=[FEW_FACTS], priority=1)[0]
    for query, expected in {
        "": {doubted.pk, plain.pk}, "view=urgent": {plain.pk}, "view=doubtful": {doubted.pk}, "view=mine": set(),
        "view=nonsense&kind=nonsense&page=x": {doubted.pk, plain.pk}, "kind=text": {doubted.pk, plain.pk},
        "kind=price": set(), "why=few_facts": {doubted.pk, plain.pk}, "why=unsupported_claim": {doubted.pk},
        "source=bazaar": {plain.pk}, "q=P-1": {doubted.pk}, "q=платье+Q-1": {plain.pk}, "q=%00": {doubted.pk, plain.pk},
        "q=100%25": set(), "page=99": {doubted.pk, plain.pk},
    }.items():  # fmt: skip
        assert set(ids_in(page(maria, f"/moderation/?{query}"))) == expected, query


def test_only_what_is_free_is_listed_when_that_is_asked_for(maria: Client, oleg: Client) -> None:
    first, second = make_cases(2)
    page(oleg, f"/moderation/{first.pk}/")
    assert ids_in(page(maria, "/moderation/?free=1")) == [second.pk]


def test_the_list_costs_the_same_whatever_its_length_and_has_pages(maria: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from vitrina.desk.moderation.listing import PAGE

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page(maria, "/moderation/rows/")
        return len(seen)

    make_cases(2)
    few = cost()
    made = make_cases(PAGE + 5, prefix="Q")
    assert cost() == few
    assert len(ids_in(page(maria, "/moderation/"))) == PAGE
    html = page(maria, f"/moderation/{made[-1].pk}/")
    assert (made[-1].pk in ids_in(html), "2 / 2" in html) == (True, True), "the page with the open case is shown"


def test_the_next_case_wraps_to_the_top_and_leaves_out_what_others_hold(maria: Client, oleg: Client) -> None:
    first, second, third = make_cases(3)
    page(oleg, f"/moderation/{second.pk}/")
    assert maria.get(f"/moderation/next/?after={first.pk}")["Location"] == f"/moderation/{third.pk}/"
    assert maria.get(f"/moderation/next/?after={third.pk}")["Location"] == f"/moderation/{first.pk}/"
    assert maria.get("/moderation/next/?after=99999999999999999999").status_code == 302


# ---------------------------------------------------------------- what is shown


def test_doubted_words_are_marked_and_joined_to_their_check(maria: Client) -> None:
    [item] = make_cases()
    html = page(maria, f"/moderation/{item.pk}/")
    assert '<mark id="mark-1"' in html
    assert 'href="#mark-1"' in html
    assert "такого материала нет в данных" in html
    assert "слов: 120, нужно не меньше 150" in html
    assert html.index("Утверждения без опоры") < html.index("Фактов не хватает"), "the worst comes first"


def test_the_former_version_is_compared_word_by_word_and_first(maria: Client) -> None:
    from tests.catalog.making import version
    from vitrina.review.models import ReviewItem

    [item] = make_cases()
    text = version(item.product, 2, body="<p>Платье из хлопка, мягкое.</p>", title=item.version.title)
    newer = ReviewItem.objects.create(kind="text", key="2", product=item.product, version=text, reasons=[])
    html = page(maria, f"/moderation/{newer.pk}/")
    assert 'data-tab="diff"' in html.partition("<article")[2][:60]
    assert "<del>шёлка</del><ins>хлопка</ins>" in html


def test_who_compares_texts_of_a_product_is_not_shown_their_origin(
    maria: Client, client_of: Callable[..., Client]
) -> None:
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.results import PairDraft

    [item] = make_cases()
    shown = page(maria, f"/moderation/{item.pk}/")
    assert "writer-9" in shown
    admin = client_of("admin")
    boss = user_of(admin)
    rules = publish_guidelines(boss, "sense", body_ru="П", body_en="R")
    batch = create_batch(boss, name="b", question_ru="?", question_en="?", guidelines=rules, role="moderator")
    add_pairs(batch, [PairDraft("Один текст", "Другой текст", product_id=item.product_id)])
    hidden = page(maria, f"/moderation/{item.pk}/")
    for secret in ("writer-9", "p.1", "01234567", "языковая модель"):
        assert secret not in hidden, secret
    assert "Скрыто" in hidden
    pair = batch.items.get()
    assert maria.get(f"/moderation/{pair.pk}/").status_code == 404


def test_the_run_is_linked_for_administrators_only(maria: Client, client_of: Callable[..., Client]) -> None:
    [item] = make_cases()
    assert "/runs/" not in page(maria, f"/moderation/{item.pk}/")
    assert "/runs/0123456789abcdef" in page(client_of("admin"), f"/moderation/{item.pk}/")


def test_hostile_text_is_shown_and_not_obeyed(maria: Client) -> None:
    evil = '"><script>alert(1)</script>'
    [item] = make_cases(title="X {} " + evil, body=f"<p>{evil}</p><img src=x onerror=alert(1)>", prefix=evil)
    for path in (f"/moderation/{item.pk}/", f"/moderation/{item.pk}/?edit=1&q={evil}", "/moderation/"):
        html = page(maria, path)
        assert "<script>alert" not in html
        assert "onerror=" not in html


def test_words_that_are_being_written_are_checked(maria: Client) -> None:
    [item] = make_cases()
    words = EDIT | {"body": "Платье из кашемира, звоните +7 900 123-45-67"}
    answer = maria.post(f"/moderation/{item.pk}/check/", words, headers={"accept-language": "ru"})
    html = answer.content.decode()
    assert "кашемира" in html
    assert "телефон" in html


def test_flags_are_answered_by_moderators(maria: Client, person: Callable[..., User]) -> None:
    from vitrina.review.aside import flag
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.queue import next_item
    from vitrina.review.results import PairDraft, Taken

    boss, anna = person("admin"), person("annotator")
    rules = publish_guidelines(boss, "sense", body_ru="П", body_en="R")
    batch = create_batch(boss, name="Партия", question_ru="?", question_en="?", guidelines=rules)
    add_pairs(batch, [PairDraft("Первый текст", "Второй текст"), PairDraft("Третий", "Четвёртый")])
    for _ in range(2):
        taken = next_item(anna, batch=batch)
        assert isinstance(taken, Taken)
        flag(anna, taken.token, reason="broken", comment="обрыв")
    html = page(maria, "/moderation/flagged/")
    assert html.count("обрыв") == 2
    assert "помеченных ждут ответа" in page(maria, "/moderation/")
    first, second = re.findall(r'action="(/moderation/flagged/\d+/)"', html)
    maria.post(first, {"answer": "reopen"})
    maria.post(second, {"answer": "withdraw", "comment": "да"})
    assert sorted(batch.items.values_list("state", flat=True)) == ["open", "withdrawn"]
    assert "Ничего не помечено" in page(maria, "/moderation/flagged/")
    assert maria.post(second, {"answer": "reopen"}).status_code == 302


def test_a_form_without_its_token_is_told_in_words(
    person: Callable[..., User], client_of: Callable[..., Client]
) -> None:
    person("moderator")
    client = new_client(enforce_csrf_checks=True)
    answer = client.post("/accounts/login/", {"login": "moderator@example.com", "password": PASSWORD},
                         headers={"accept-language": "ru"})  # fmt: skip
    assert (answer.status_code, "Эта форма устарела" in answer.content.decode()) == (403, True)


def test_checks_of_a_whole_list_speak_the_readers_language() -> None:
    from django.utils.translation import override

    from vitrina.desk.wording import check_title, detail_words

    reasons: list[dict[str, Any]] = [
        {"rule": "brand_share", "missing": 3, "of": 9, "value": "Mavi"}, {"rule": "contiguous_block", "missing": 21},
        {"rule": "prices", "moved": 5, "of": 9}, {"rule": "prices_lost", "lost": 5, "of": 9},
        {"rule": "currency", "switched": 5, "of": 9}, {"rule": "refused_before", "rows": 5, "of": 9}, UNSUPPORTED,
    ]  # fmt: skip
    with override("ru"):
        assert not re.search("[a-z]", " ".join(map(check_title, reasons)).replace("Mavi", ""))
        assert detail_words("unknown_price", "zero") == "источник говорит «ноль»"
        assert detail_words("x", "не из списка") == "не из списка"
