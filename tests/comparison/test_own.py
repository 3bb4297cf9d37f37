"""One's own last answers and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from vitrina.comparison.own import GOLD_FIRST, own_numbers
from vitrina.review import queue
from vitrina.review.batches import set_state
from vitrina.review.comparing import decide_pair
from vitrina.review.models import Batch, Decision, ReviewItem, SetAside

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

People = Callable[..., "User"]
Clients = Callable[["User"], "Client"]
Batches = Callable[..., Batch]


def answer(user: User, batch: Batch, count: int, side: str = "left", **how: object) -> None:
    for _ in range(count):
        taken = queue.next_item(user, batch=batch)
        assert isinstance(taken, queue.Taken)
        decide_pair(user, taken.token, side=side, **how)  # type: ignore[arg-type]


def test_the_last_twenty_are_shown_with_what_was_answered(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    user, batch = person(), make_batch(25)
    answer(user, batch, 22, reasons=["tone"], comment="так лучше")
    page = client_for(user).get("/compare/history/").content.decode()
    assert page.count('class="revise"') == 20
    assert "Tone" in page
    assert "так лучше" in page
    assert page.count("<time") == 20, "one in each row, and none in another"
    assert "Хорошее описание" in page
    other = client_for(person()).get("/compare/history/").content.decode()
    assert "You have not answered yet." in other


def test_an_answer_is_changed_by_one_that_supersedes_it(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    user, batch = person(), make_batch(3, overlap=1)
    answer(user, batch, 1)
    old = Decision.objects.get()
    changed = client_for(user).post(f"/compare/history/{old.pk}/", {"answer": "bad", "reasons": ["language"]})
    assert changed.status_code == 302
    old.refresh_from_db()
    new = old.superseded_by
    assert new is not None
    assert (new.shown, new.tie_kind, new.choice, new.reasons) == ("tie", "both_bad", "E", ["language"])
    assert ReviewItem.objects.get(pk=old.item_id).resolution == "E"


def test_what_cannot_be_changed_says_so_and_keeps_what_was_typed(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    from django.contrib.auth.models import User

    user, batch = person(), make_batch(3)
    answer(user, batch, 1)
    old = Decision.objects.get()
    client = client_for(user)
    assert client.post(f"/compare/history/{old.pk}/", {"answer": "sideways"}).status_code == 422
    assert client_for(person()).post(f"/compare/history/{old.pk}/", {"answer": "left"}).status_code == 422
    set_state(User.objects.filter(groups__name="admin").first(), batch, "closed")  # type: ignore[arg-type]
    late = client.post(f"/compare/history/{old.pk}/", {"answer": "right", "comment": "передумал"})
    assert late.status_code == 409
    assert "передумал" in late.content.decode()
    old.refresh_from_db()
    assert old.superseded_by_id is None


def test_numbers_of_today(make_batch: Batches, person: People) -> None:
    user, batch = person(), make_batch(5)
    for spent in (1_000, 3_000, 8_000):
        answer(user, batch, 1, active_ms=spent)
    taken = queue.next_item(user, batch=batch)
    assert isinstance(taken, queue.Taken)
    SetAside.objects.create(item_id=taken.item_id, user=user, kind="skip")
    numbers = own_numbers(user)
    assert (numbers.today, numbers.median_seconds, numbers.skipped) == (3, 3.0, 1)
    assert own_numbers(person()) == (0, None, 0, 0, None)


@pytest.mark.parametrize(("known", "told"), [(GOLD_FIRST - 1, 0), (GOLD_FIRST, 20), (29, 20), (30, 30)])
def test_accuracy_on_gold_is_told_from_twenty_answers_in_steps_of_ten(
    make_batch: Batches, person: People, known: int, told: int
) -> None:
    user, batch = person(), make_batch(0, gold=31)
    items = list(ReviewItem.objects.filter(batch=batch).order_by("pk")[:known])
    Decision.objects.bulk_create(
        Decision(item=item, action="compare", choice=item.expected if n % 4 else "E", shown="left", flip=False,
                 decided_by=user)
        for n, item in enumerate(items)
    )  # fmt: skip
    numbers = own_numbers(user)
    assert numbers.gold_answered == told
    assert numbers.gold_accuracy == (pytest.approx(0.75, abs=0.02) if told else None)
