"""Nothing that reaches an annotator names a writer, a version, a canonical side, or gold; and results come out true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string

from tests.comparison.conftest import HTMX, token_in
from tests.review.passing import draw_alike
from vitrina.comparison import screen
from vitrina.review import queue
from vitrina.review.batches import add_pairs
from vitrina.review.comparing import canonical, decide_pair, explained_view, pair_view
from vitrina.review.leases import release
from vitrina.review.models import Batch, Decision, Lease, ResponsePair, ReviewItem
from vitrina.review.results import PairDraft
from vitrina.review.standing import shown_size

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

People = Callable[..., "User"]
Clients = Callable[["User"], "Client"]
Batches = Callable[..., Batch]
DISPLAYS = 1_000


@pytest.mark.slow
def test_over_a_thousand_displays_sides_are_even_and_results_are_the_truth(make_batch: Batches, person: People) -> None:
    batch, user = make_batch(0, overlap=1), person()
    # The truth is planted: the better text of each pair says so, and a perfect annotator reads it.
    drafts = [
        PairDraft(f"Правда {n}", f"Выдумка {n}") if n % 2 else PairDraft(f"Выдумка {n}", f"Правда {n}")
        for n in range(DISPLAYS // 5 + 1)
    ]
    add_pairs(batch, drafts)
    true_choice = {
        item: "A" if "Правда" in text else "B" for item, text in batch.items.values_list("pk", "pair__text_a")
    }
    draw_alike()
    left_is_a = 0
    for number in range(DISPLAYS):
        taken = queue.next_item(user, batch=batch)
        assert isinstance(taken, queue.Taken)
        page = render_to_string("comparison/_work.html", screen.shown(user, batch, taken, place=number + 1))
        left, right = page.index('id="text-a"'), page.index('id="text-b"')
        left_is_a += not taken.flip
        side = "left" if left < page.index("Правда") < right else "right"
        assert canonical(side, taken.flip) == true_choice[taken.item_id]
        if number % 5:  # a display that is given back is drawn anew the next time
            release(user, taken.token)
        else:
            decide_pair(user, taken.token, side=side)
    assert 0.45 <= left_is_a / DISPLAYS <= 0.55
    votes = dict(Decision.objects.values_list("item_id", "choice"))
    assert {item: true_choice[item] for item in votes} == votes
    assert ReviewItem.objects.filter(state="done", done=1).count() == len(votes) == DISPLAYS // 5


def told(response: object) -> str:
    """All that reaches the browser: lines of the head, cookies, the page; without what differs by chance."""
    answer = response
    lines = [f"{name}: {value}" for name, value in answer.items()]  # type: ignore[attr-defined]
    drawn = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    cookies = [name if name in drawn else str(cookie) for name, cookie in answer.cookies.items()]  # type: ignore[attr-defined]
    page = re.sub(r'(csrfmiddlewaretoken|token)" value="[^"]*"|data-token="[^"]*"', "", answer.content.decode())  # type: ignore[attr-defined]
    return "\n".join([*lines, *cookies, page])


def test_nothing_tells_who_wrote_a_text_or_which_pair_it_is(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    draw_alike()  # gold among them
    batch, user = make_batch(14, gold=4, gold_share=0.5, onboarding=1, overlap=1), person()
    # Numbers that would betray a row, unlike any other number of a page.
    with connection.cursor() as cursor:
        for table in ("review_lease", "review_decision"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 7700001)")
    client = client_for(user)
    seen, parts = [], Counter[str]()
    page = client.get(f"/compare/{batch.pk}/")
    while token := token_in(page):
        lease = Lease.objects.select_related("item__pair").get(token=token)
        parts[lease.item.part] += 1
        seen.append((lease, told(page)))
        page = client.post(
            f"/compare/{batch.pk}/answer/", {"token": token, "answer": "left", "place": str(len(seen))}, **HTMX
        )
        seen.append((lease, told(page)))
        if not token_in(page):
            page = client.get(f"/compare/{batch.pk}/")
    assert parts["gold"] > 0
    assert parts["onboarding"] == 1
    words = ("gold", "expected", "canonical", "flip", "fingerprint", "version_a", "version_b", "writer", "candidate",
             "7700", "review_", "item_id", "item-id", "контрол")  # fmt: skip
    for lease, everything in seen:
        pair = lease.item.pair
        assert pair is not None
        explained = "mode-explained" in everything
        found = [word for word in words if word in everything.lower() and not (explained and word == "expected")]
        assert found == [], found
        assert pair.fingerprint not in everything


def test_gold_and_work_look_alike_and_move_the_same_numbers(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(30, gold=30, gold_share=0.5, overlap=1), client_for(person())
    size = shown_size(batch)
    draw_alike()
    page, shapes, parts = client.get(f"/compare/{batch.pk}/"), set(), set()
    for place in range(1, 13):
        token = token_in(page)
        parts.add(Lease.objects.get(token=token).item.part)
        page = client.post(
            f"/compare/{batch.pk}/answer/", {"token": token, "answer": "same", "place": str(place)}, **HTMX
        )
        body = page.content.decode()
        assert f'data-said="Pair {place + 1} of {size}"' in body
        shapes.add(re.sub(r"\d+|Хорошее описание|Слабый текст|value=\"[^\"]*\"|data-token=\"[^\"]*\"", "", body))
    assert parts == {"work", "gold"}
    assert len(shapes) == 1
    assert client.get(f"/compare/{batch.pk}/").content.decode().count(f"Pair 13 of {size}") >= 1


def test_the_share_done_moves_with_gold_as_with_work(make_batch: Batches, person: People, client_for: Clients) -> None:
    user = person()
    batch, client = make_batch(10, gold=10, gold_share=0.5, overlap=1), client_for(user)

    def percent() -> int:
        found = re.search(r"(\d+) % done by all", client.get("/compare/").content.decode())
        assert found is not None
        return int(found[1])

    before, steps, parts = percent(), [], set()
    for _ in range(6):
        taken = queue.next_item(user, batch=batch)
        assert isinstance(taken, queue.Taken)
        parts.add(ReviewItem.objects.get(pk=taken.item_id).part)
        decide_pair(user, taken.token, side="left")
        now = percent()
        steps.append(now - before)
        before = now
    assert set(steps) == {5}


def test_a_prompt_or_a_fact_that_names_a_model_is_not_shown(make_batch: Batches, person: People) -> None:
    batch, user = make_batch(0), person()
    add_pairs(batch, [PairDraft("Один текст", "Другой текст", prompt="Ты ChatGPT, опиши товар",
                                facts={"Бренд": "Проба", "Сделано": "claude"})])  # fmt: skip
    taken = queue.next_item(user, batch=batch)
    assert isinstance(taken, queue.Taken)
    view = pair_view(taken)
    assert (view.prompt, view.facts) == ("", {"Бренд": "Проба"})


def test_both_texts_take_the_same_way_to_the_screen(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch = make_batch(0)
    add_pairs(batch, [PairDraft("<p class='gpt' data-run='7'>Первый</p><!-- model-x --><ul><li>да</li></ul>",
                                "Второй\u200b\u2063\n\n* да")])  # fmt: skip
    page = client_for(person()).get(f"/compare/{batch.pk}/").content.decode()
    work = page[page.index('class="sides"') : page.index("data-decision")]
    assert "<p>Первый</p>" in work
    assert "<p>Второй</p>" in work
    assert work.count("<li>да</li>") == 2
    for trace in ("gpt", "data-run", "model-x", "\u200b", "\u2063"):
        assert trace not in work


def test_an_explanation_is_only_for_who_answered(make_batch: Batches, person: People) -> None:
    from vitrina.review.errors import NotDecidable

    batch, user = make_batch(1, gold=1, onboarding=1), person()
    taken = queue.next_item(user, batch=batch)
    assert isinstance(taken, queue.Taken)
    decided = decide_pair(user, taken.token, side="left")
    view, decision, feedback = explained_view(user, decided.decision_id)
    assert (view.left, view.right) != (view.right, view.left)
    assert decision.pk == decided.decision_id
    assert feedback.explanation == "Потому что"
    with pytest.raises(NotDecidable):
        explained_view(person(), decided.decision_id)
    work = queue.next_item(user, batch=batch)
    assert isinstance(work, queue.Taken)
    with pytest.raises(NotDecidable):
        explained_view(user, decide_pair(user, work.token, side="left").decision_id)
    assert ResponsePair.objects.count() == 3
