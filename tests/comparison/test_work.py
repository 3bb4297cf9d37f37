"""The comparison screen: batches, pairs, answers, with htmx and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.comparison.conftest import HTMX, admin, token_in
from vitrina.comparison.own import own_numbers
from vitrina.review import queue
from vitrina.review.batches import set_state
from vitrina.review.guidelines import newest_guidelines, publish_guidelines
from vitrina.review.models import Batch, Decision, Lease, ReviewItem, SetAside

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

People = Callable[..., "User"]
Clients = Callable[["User"], "Client"]
Batches = Callable[..., Batch]


def left_is_good(response: object) -> bool:
    page = response.content.decode()  # type: ignore[attr-defined]
    return page.index("Хорошее") < page.index("Слабый")


def test_the_list_shows_ones_batches_with_their_state(make_batch: Batches, person: People, client_for: Clients) -> None:
    mine, paused = make_batch(due_at=datetime.now(UTC) - timedelta(days=1)), make_batch()
    others = make_batch(role="moderator")
    set_state(admin(), paused, "paused")
    page = client_for(person()).get("/compare/").content.decode()
    assert f"/compare/{mine.pk}/" in page
    assert "was due" in page
    assert f"/compare/{paused.pk}/" not in page
    assert "Paused" in page
    assert others.name not in page


def test_a_batch_without_pairs_is_listed_and_says_that_nothing_is_left(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(0), client_for(person())
    assert "0 % done by all" in client.get("/compare/").content.decode()
    assert "All done" in client.get(f"/compare/{batch.pk}/").content.decode()
    assert client_for(person("admin")).get("/compare/batches/").status_code == 200


def test_a_closed_batch_stays_on_the_list_of_who_worked_on_it(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, worker, other = make_batch(), person(), person()
    client = client_for(worker)
    shown = client.get(f"/compare/{batch.pk}/")
    client.post(f"/compare/{batch.pk}/answer/", {"token": token_in(shown), "answer": "left"})
    set_state(admin(), batch, "closed")
    assert batch.name in client.get("/compare/").content.decode()
    assert batch.name not in client_for(other).get("/compare/").content.decode()


def test_without_scripts_an_answer_is_saved_and_the_next_pair_comes(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, user = make_batch(3), person()
    client = client_for(user)
    first = client.get(f"/compare/{batch.pk}/")
    assert token_in(first) == token_in(client.get(f"/compare/{batch.pk}/"))
    answer = client.post(
        f"/compare/{batch.pk}/answer/",
        {"token": token_in(first), "answer": "right", "reasons": ["clarity", "nonsense", "accuracy"],
         "comment": " 1 2 ", "active_ms": "1500"},
    )  # fmt: skip
    assert (answer.status_code, answer["Location"]) == (302, f"/compare/{batch.pk}/")
    decision = Decision.objects.get()
    assert (decision.shown, decision.reasons, decision.comment, decision.active_ms) == (
        "right", ["accuracy", "clarity"], "1 2", 1500,
    )  # fmt: skip
    following = client.get(f"/compare/{batch.pk}/")
    assert token_in(following) not in {"", token_in(first)}
    assert "Pair 2 of 3" in following.content.decode()


def test_with_htmx_the_answer_brings_the_next_pair_and_the_place(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(3), client_for(person())
    first = token_in(client.get(f"/compare/{batch.pk}/"))
    answer = client.post(f"/compare/{batch.pk}/answer/", {"token": first, "answer": "same", "place": "1"}, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert token_in(answer) not in {"", first}
    assert 'data-said="Pair 2 of 3"' in page
    assert 'id="position" hx-swap-oob="true">Pair 2 of 3' in page
    assert "Saved: The same." in page


@pytest.mark.parametrize(
    ("button", "shown", "kind"),
    [("left", "left", ""), ("same", "tie", ""), ("bad", "tie", "both_bad"), ("right", "right", "")],
)
def test_each_button_says_what_it_says(
    make_batch: Batches, person: People, client_for: Clients, button: str, shown: str, kind: str
) -> None:
    batch, client = make_batch(1), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    client.post(f"/compare/{batch.pk}/answer/", {"token": token, "answer": button}, **HTMX)
    decision = Decision.objects.get()
    assert (decision.shown, decision.tie_kind) == (shown, kind)


def test_the_pair_after_is_held_and_comes_next(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(3), client_for(person())
    first = token_in(client.get(f"/compare/{batch.pk}/"))
    held = client.post(f"/compare/{batch.pk}/ahead/", {"token": first})
    assert (held.status_code, held.content) == (204, b"")
    ahead = Lease.objects.get(slot=Lease.Slot.AHEAD, ended_at=None)
    answer = client.post(f"/compare/{batch.pk}/answer/", {"token": first, "answer": "left"}, **HTMX)
    assert token_in(answer) == str(ahead.token)


def test_a_pair_fetched_ahead_by_a_faster_request_is_not_the_end_of_the_batch(
    make_batch: Batches, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, user = make_batch(2), person()
    queue.next_item(user, batch=batch, ahead=True)
    take, missed = queue._take, [True]

    def misses_once(statement: str, values: dict[str, object]) -> object:
        return None if missed and missed.pop() else take(statement, values)

    monkeypatch.setattr(queue, "_take", misses_once)
    assert isinstance(queue.next_item(user, batch=batch), queue.Taken)


def test_a_beat_holds_the_pair_for_longer(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(1), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    Lease.objects.update(until=datetime.now(UTC) + timedelta(minutes=2))
    assert client.post(f"/compare/{batch.pk}/beat/", {"token": token}).status_code == 204
    assert Lease.objects.get().until > datetime.now(UTC) + timedelta(minutes=9)
    assert client.post(f"/compare/{batch.pk}/beat/", {"token": "none"}).status_code == 409


def test_skipping_leaves_the_pair_to_others_until_asked_for(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, user = make_batch(1), person()
    client = client_for(user)
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    answer = client.post(f"/compare/{batch.pk}/answer/", {"token": token, "answer": "skip"}, **HTMX)
    assert answer["X-Queue-State"] == "done"
    assert "Show me the pairs that I left to others" in answer.content.decode()
    assert own_numbers(user).skipped == 1
    assert token_in(client.post(f"/compare/{batch.pk}/unskip/", follow=True))


def test_a_report_takes_the_pair_from_everybody(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(2), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    client.post(
        f"/compare/{batch.pk}/answer/", {"token": token, "report": "other_product", "comment": "не тот товар"}, **HTMX
    )
    aside = SetAside.objects.get()
    assert (aside.kind, aside.reason, aside.comment) == ("flag", "other_product", "не тот товар")
    assert ReviewItem.objects.filter(state="flagged").count() == 1


def test_undo_shows_the_same_pair_again_as_it_stood(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(3), client_for(person())
    first = client.get(f"/compare/{batch.pk}/")
    client.post(f"/compare/{batch.pk}/answer/", {"token": token_in(first), "answer": "left"}, **HTMX)
    again = client.post(f"/compare/{batch.pk}/undo/", **HTMX)
    assert "Pair 1 of 3" in again.content.decode()
    assert left_is_good(first) == left_is_good(again)
    assert Decision.objects.filter(undone_at=None).count() == 0
    nothing = client.post(f"/compare/{batch.pk}/undo/", **HTMX)
    assert "There is nothing to undo here." in nothing.content.decode()


def test_undo_touches_no_decision_of_another_batch(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, other, client = make_batch(2), make_batch(2), client_for(person())
    token = token_in(client.get(f"/compare/{other.pk}/"))
    client.post(f"/compare/{other.pk}/answer/", {"token": token, "answer": "left"}, **HTMX)
    client.get(f"/compare/{batch.pk}/")
    client.post(f"/compare/{batch.pk}/undo/", **HTMX)
    assert Decision.objects.filter(undone_at=None).count() == 1


def test_undo_after_a_minute_points_to_the_last_answers(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(2), client_for(person())
    token = token_in(client.get(f"/compare/{batch.pk}/"))
    client.post(f"/compare/{batch.pk}/answer/", {"token": token, "answer": "left"}, **HTMX)
    Decision.objects.update(created_at=datetime.now(UTC) - timedelta(minutes=2))
    late = client.post(f"/compare/{batch.pk}/undo/", **HTMX)
    assert (late.status_code, late["HX-Retarget"]) == (409, "#problem")
    assert "/compare/history/" in late.content.decode()


def test_a_training_pair_is_explained_before_the_next_one(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(2, onboarding=1), client_for(person())
    shown = client.get(f"/compare/{batch.pk}/")
    wrong = "right" if left_is_good(shown) else "left"
    explained = client.post(f"/compare/{batch.pk}/answer/", {"token": token_in(shown), "answer": wrong}, **HTMX)
    page = explained.content.decode()
    assert "Not quite." in page
    assert "Потому что" in page
    assert left_is_good(explained) == left_is_good(shown)
    assert not token_in(explained)
    decision = Decision.objects.get()
    assert "Not quite." in client.get(f"/compare/{batch.pk}/explained/{decision.pk}/").content.decode()
    stranger = client_for(person())
    assert stranger.get(f"/compare/{batch.pk}/explained/{decision.pk}/").status_code == 302
    assert "Pair 2 of 3" in client.get(f"/compare/{batch.pk}/").content.decode()


def test_finishing_gives_back_what_is_held(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(3), client_for(person())
    client.get(f"/compare/{batch.pk}/")
    client.post(f"/compare/{batch.pk}/ahead/")
    assert client.post("/compare/leave/")["Location"] == "/compare/"
    assert Lease.objects.filter(ended_at=None).count() == 0


def test_signing_out_gives_back_what_is_held(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(3), client_for(person())
    client.get(f"/compare/{batch.pk}/")
    client.post("/accounts/logout/")
    assert Lease.objects.filter(ended_at=None).count() == 0


def test_the_rules_on_the_screen_are_those_of_the_batch(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch = make_batch(1)
    publish_guidelines(admin(), "sense", body_ru="Новые", body_en="Newer <b>words</b>")
    page = client_for(person()).get(f"/compare/{batch.pk}/").content.decode()
    assert "Newer" not in page
    assert f"/compare/guidelines/{batch.guidelines_id}/" in page
    newest = newest_guidelines("sense")
    assert newest is not None
    shown = client_for(person()).get(f"/compare/guidelines/{newest.pk}/").content.decode()
    assert "&lt;b&gt;words" in shown


def test_scraped_text_is_no_markup_of_the_page(make_batch: Batches, person: People, client_for: Clients) -> None:
    from vitrina.review.batches import add_pairs
    from vitrina.review.results import PairDraft

    batch = make_batch(0)
    evil = (
        '<script>alert(1)</script><img src=x onerror=alert(2)><p onclick="x()">Текст <a href="javascript:1">a</a></p>'
    )
    add_pairs(batch, [PairDraft(evil, "![x](http://evil.example/p.png) <svg/onload=1> **ok**", prompt="<b>prompt</b>",
                                facts={"<i>k</i>": '<script>2</script>"'})])  # fmt: skip
    page = client_for(person()).get(f"/compare/{batch.pk}/").content.decode()
    work = page[page.index('id="work"') : page.index("data-decision")]
    for sign in ("<script", "<img", "<svg", "onclick=", "javascript:", "<a ", "<i>k", "evil.example"):
        assert sign not in work, sign
    assert "<strong>ok</strong>" in work
