"""What the moderation screen shows: lists and filters, marks, differences, origin, flags."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import (
    EDIT,
    FEW_FACTS,
    UNSUPPORTED,
    decide,
    form_of,
    ids_in,
    make_cases,
    page,
    user_of,
)
from tests.desk.conftest import PASSWORD, new_client

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from vitrina.review.models import Batch, ReviewItem

pytestmark = pytest.mark.usefixtures("database")


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


def test_filters_that_say_nothing_do_not_stay_in_the_address(maria: Client) -> None:
    [case] = make_cases()
    for path in ("/moderation/", f"/moderation/{case.pk}/"):
        answer = maria.get(f"{path}?view=urgent&q=&kind=&why=few_facts&source=")
        assert (answer.status_code, answer["Location"]) == (302, f"{path}?view=urgent&why=few_facts")
        assert maria.get(f"{path}?q=&kind=")["Location"] == path


def test_goods_of_one_title_are_told_apart_by_their_numbers(maria: Client) -> None:
    make_cases(2, title="Платье летнее из хлопка с длинным рукавом")
    shown = re.findall(r'<span class="number" translate="no">([^<]+)</span>', page(maria, "/moderation/"))
    assert sorted(shown) == ["P-1", "P-2"]


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


def compared(boss: User, item: ReviewItem) -> Batch:
    """A batch in which moderators compare texts of the case's product."""
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.results import PairDraft

    rules = publish_guidelines(boss, "sense", body_ru="П", body_en="R")
    batch = create_batch(boss, name="b", question_ru="?", question_en="?", guidelines=rules, role="moderator")
    add_pairs(batch, [PairDraft("Один текст", "Другой текст", product_id=item.product_id)])
    return batch


def test_who_compares_texts_of_a_product_is_not_shown_their_origin(
    maria: Client, client_of: Callable[..., Client]
) -> None:
    from vitrina.review.batches import set_state

    [item] = make_cases()
    shown = page(maria, f"/moderation/{item.pk}/")
    assert "writer-9" in shown
    batch = compared(user_of(client_of("admin")), item)
    hidden = page(maria, f"/moderation/{item.pk}/")
    for secret in ("writer-9", "p.1", "01234567", "языковая модель"):
        assert secret not in hidden, secret
    assert "Скрыто" in hidden
    pair = batch.items.get()
    assert maria.get(f"/moderation/{pair.pk}/").status_code == 404
    set_state(batch.created_by, batch, "paused")
    assert "writer-9" not in page(maria, f"/moderation/{item.pk}/"), "it may be opened again"
    set_state(batch.created_by, batch, "closed")
    assert "writer-9" in page(maria, f"/moderation/{item.pk}/")


def test_while_its_origin_is_hidden_nothing_says_that_a_person_edited_a_text(
    maria: Client, client_of: Callable[..., Client]
) -> None:
    [item] = make_cases()
    assert decide(maria, item, form_of(maria, item, **EDIT)).status_code == 302
    assert "одобрено с правкой" in page(maria, f"/moderation/{item.pk}/")
    compared(user_of(client_of("admin")), item)
    assert "одобрено с правкой" not in page(maria, f"/moderation/{item.pk}/")


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


def test_a_first_text_is_checked_by_the_data_of_its_product(maria: Client) -> None:
    from vitrina.review.models import ReviewItem

    [written] = make_cases()
    empty = ReviewItem.objects.create(kind="text", key="product:1", product=written.product, reasons=[FEW_FACTS])
    body = "Платье из кашемира, лечит экзему"
    html = maria.post(f"/moderation/{empty.pk}/check/", EDIT | {"body": body}).content.decode()
    assert "кашемира" in html
    assert "лечит" in html


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
