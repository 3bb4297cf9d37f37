"""The comparison screen where something is in the way: too late, taken out, paused, held by others, odd requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.comparison.conftest import HTMX, admin, token_in
from vitrina.review import queue
from vitrina.review.batches import set_state
from vitrina.review.models import Batch, Decision, Lease

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

People = Callable[..., "User"]
Clients = Callable[["User"], "Client"]
Batches = Callable[..., Batch]


def fill_up(batch: Batch, *people: User) -> None:
    """Others answer every pair."""
    from vitrina.review.comparing import decide_pair

    for one in people:
        while isinstance(found := queue.next_item(one, batch=batch), queue.Taken):
            decide_pair(one, found.token, side="tie")


def test_an_answer_that_comes_too_late_is_a_conflict_in_words_and_keeps_what_was_typed(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(1), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    Lease.objects.update(until=datetime.now(UTC) - timedelta(seconds=1))
    fill_up(batch, person(), person())
    sent = {"token": token, "answer": "left", "comment": "долго думал"}
    answer = client.post(f"/compare/{batch.pk}/answer/", sent, **HTMX)
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (409, "#problem", "innerHTML")
    assert "Your answer was not saved" in answer.content.decode()
    page = client.post(f"/compare/{batch.pk}/answer/", sent)
    assert page.status_code == 409
    assert "долго думал" in page.content.decode()
    assert "<html" in page.content.decode()


@pytest.mark.parametrize(
    "sent",
    [{}, {"token": "x", "answer": "left"}, {"answer": "sideways"}, {"report": "nonsense"},
     {"answer": "left", "token": "7b6e0b0e-0000-4000-8000-000000000000"}],
)  # fmt: skip
def test_what_no_page_sends_is_refused_in_words(
    make_batch: Batches, person: People, client_for: Clients, sent: dict[str, str]
) -> None:
    batch, client = make_batch(1), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    answer = client.post(f"/compare/{batch.pk}/answer/", {"token": token} | sent, **HTMX)
    assert answer.status_code in {409, 422}
    assert Decision.objects.count() == 0
    assert 'role="alert"' in answer.content.decode()


def test_odd_figures_of_a_page_do_no_harm(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(1), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    odd = {"token": token, "answer": "left", "place": "-9e9", "active_ms": "NaN", "comment": "a\0b" * 3000}
    assert client.post(f"/compare/{batch.pk}/answer/", odd, **HTMX).status_code == 200
    decision = Decision.objects.get()
    assert decision.active_ms is None
    assert decision.comment == ("ab" * 3000)[:2000]


def test_who_was_taken_out_of_a_batch_is_told(make_batch: Batches, person: People, client_for: Clients) -> None:
    user = person()
    batch, client = make_batch(2, role="", members=[user]), client_for(user)
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    batch.members.clear()
    answer = client.post(f"/compare/{batch.pk}/answer/", {"token": token, "answer": "left"}, **HTMX)
    assert answer.status_code == 403
    assert "no longer belong" in answer.content.decode()
    page = client.get(f"/compare/{batch.pk}/")
    assert page.status_code == 403
    assert "no longer belong" in page.content.decode()


def test_a_member_of_any_role_may_work(make_batch: Batches, person: People, client_for: Clients) -> None:
    moderator = person("moderator")
    batch = make_batch(2, role="", members=[moderator])
    assert token_in(client_for(moderator).get(f"/compare/{batch.pk}/"))


def test_what_others_hold_is_worth_another_try(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch = make_batch(1, overlap=1)
    queue.next_item(person(), batch=batch)
    answer = client_for(person()).get(f"/compare/{batch.pk}/")
    assert answer.status_code == 200
    assert answer["X-Queue-State"] == "all-held"
    assert int(answer["Retry-After"]) > 0
    assert "Others hold the rest" in answer.content.decode()


def test_a_paused_batch_takes_what_is_held_and_gives_no_more(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(3), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    set_state(admin(), batch, "paused")
    answer = client.post(f"/compare/{batch.pk}/answer/", {"token": token, "answer": "left"}, **HTMX)
    assert answer["X-Queue-State"] == "paused"
    assert Decision.objects.count() == 1
    set_state(admin(), batch, "closed")
    assert "The batch is closed" in client.get(f"/compare/{batch.pk}/").content.decode()


def test_who_fails_the_gold_of_a_strict_batch_is_given_no_more(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    from vitrina.review.comparing import decide_pair

    user = person()
    # Gold is drawn with each pair: of six, once in 64 times, none is
    batch = make_batch(40, gold=4, gold_share=0.5, gold_after=1, gold_action="stop")
    for _ in range(50):
        found = queue.next_item(user, batch=batch)
        if not isinstance(found, queue.Taken):
            break
        decide_pair(user, found.token, side="tie")
    page = client_for(user).get(f"/compare/{batch.pk}/")
    assert page["X-Queue-State"] == "stopped"
