"""Working on the queue over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
Callers = Callable[..., "Caller"]
Batches = Callable[..., "Batch"]


def test_the_next_pair_is_the_same_until_it_is_answered(caller: Callers, batch: Batches) -> None:
    me, work = caller(), batch()
    first = me.get("items/next", batch=work.pk)
    assert first.status_code == 200
    assert me.get("items/next", batch=work.pk).json()["token"] == first.json()["token"]
    answer = me.post(f"leases/{first.json()['token']}/decide", {"side": "left", "next": True})
    assert answer.status_code == 200
    assert answer.json()["next"]["token"] != first.json()["token"]
    assert answer.json()["nothing"] is None


def test_an_answer_sent_twice_is_one_decision_and_another_one_is_a_conflict(caller: Callers, batch: Batches) -> None:
    me, work = caller(), batch()
    token = me.get("items/next", batch=work.pk).json()["token"]
    first = me.post(f"leases/{token}/decide", {"side": "tie", "tie_kind": "both_bad"}).json()
    again = me.post(f"leases/{token}/decide", {"side": "tie", "tie_kind": "both_bad"}).json()
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert first["decision"] == again["decision"]
    other = me.post(f"leases/{token}/decide", {"side": "left"})
    assert other.status_code == 409
    assert other["Content-Type"] == "application/problem+json"
    assert other.json()["state"] == {"reason": "answered"}


def test_no_item_is_a_204_with_the_reason(caller: Callers, batch: Batches) -> None:
    from vitrina.review.batches import set_state

    me, other, work = caller(), caller("annotator", "b@example.com"), batch(1, overlap=1)
    other.get("items/next", batch=work.pk)
    held = me.get("items/next", batch=work.pk)
    assert (held.status_code, held["X-Nothing"], held.content) == (204, "all-held", b"")
    assert int(held["Retry-After"]) >= 1
    set_state(work.created_by, work, "paused")
    assert me.get("items/next", batch=work.pk)["X-Nothing"] == "paused"
    assert other.get("items/next", batch=work.pk).status_code == 200, "what one holds is still shown, and accepted"


def test_the_last_answer_says_that_nothing_is_left(caller: Callers, batch: Batches) -> None:
    me, work = caller(), batch(1)
    token = me.get("items/next", batch=work.pk).json()["token"]
    answer = me.post(f"leases/{token}/decide", {"side": "right", "next": True}).json()
    assert answer["next"] is None
    assert answer["nothing"] == {"reason": "done", "retry_after": None}


def test_an_item_can_be_kept_given_back_skipped_and_flagged(caller: Callers, batch: Batches) -> None:
    me, work = caller(), batch(3)

    def token() -> str:
        return str(me.get("items/next", batch=work.pk).json()["token"])

    held = token()
    assert me.post(f"leases/{held}/beat").status_code == 200
    assert me.post(f"leases/{held}/release").status_code == 204
    assert me.post(f"leases/{held}/beat").status_code == 409
    assert me.post(f"leases/{token()}/skip", {"reason": "unsure"}).status_code == 204
    flagged = me.post(f"leases/{token()}/flag", {"reason": "broken", "comment": "Cut off."})
    assert flagged.status_code == 204
    waiting = caller("moderator").get("flags").json()["results"]
    assert [(row["reason"], row["comment"]) for row in waiting] == [("broken", "Cut off.")]


def test_a_decision_is_taken_back_or_changed(caller: Callers, batch: Batches) -> None:
    me, work = caller(), batch()
    shown = me.get("items/next", batch=work.pk).json()
    me.post(f"leases/{shown['token']}/decide", {"side": "left", "reasons": ["facts"]})
    [own] = me.get("decisions/mine").json()["results"]
    assert (own["side"], own["left"], own["can_undo"]) == ("left", shown["left"], True)
    again = me.post("decisions/undo").json()["item"]
    assert (again["left"], again["right"]) == (shown["left"], shown["right"])
    decision = me.post(f"leases/{again['token']}/decide", {"side": "right"}).json()["decision"]
    assert me.post(f"decisions/mine/{decision}", {"side": "tie"}).status_code == 200
    assert me.get("decisions/mine").json()["results"][0]["side"] == "tie"


@pytest.mark.parametrize(
    "body",
    [{}, {"side": "up"}, {"side": "left", "action": "approve"}, {"side": "left", "tie_kind": "both_bad"},
     {"side": "left", "active_ms": -1}, {"action": "edit"}, {"side": "left", "comment": "x" * 2001},
     {"side": "left", "comment": "a\0b"}],
)  # fmt: skip
def test_a_wrong_answer_is_refused_in_plain_words(caller: Callers, batch: Batches, body: dict[str, object]) -> None:
    me, work = caller(), batch()
    token = me.get("items/next", batch=work.pk).json()["token"]
    answer = me.post(f"leases/{token}/decide", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert answer.json()["message"]


def test_problems_are_in_english_whatever_the_caller_reads(caller: Callers) -> None:
    me = caller()
    answers = [me.get("items"), me.get("items/next", batch="x"), me.call("put", "me"), me.get("items/next")]
    assert [answer.status_code for answer in answers] == [403, 422, 405, 403]
    for answer in answers:
        assert answer.content.isascii()
        assert answer.headers["Content-Language"] == "en"


def test_nobody_decides_under_the_token_of_another(caller: Callers, batch: Batches) -> None:
    me, other, work = caller(), caller("annotator", "b@example.com"), batch()
    token = me.get("items/next", batch=work.pk).json()["token"]
    answer = other.post(f"leases/{token}/decide", {"side": "left"})
    assert answer.status_code == 409
    assert answer.json()["state"] == {"reason": "unknown_token"}


def test_who_does_not_belong_to_a_batch_gets_nothing_of_it(caller: Callers, batch: Batches) -> None:
    stranger, work = caller("nobody"), batch()
    assert stranger.get("items/next", batch=work.pk).status_code == 403
    assert stranger.get(f"batches/{work.pk}").status_code == 404
    assert stranger.get("items/next").status_code == 403
    assert stranger.get("items/next", batch=9).status_code == 404


def test_an_administrator_changes_who_works_on_a_batch_and_its_shares(caller: Callers, batch: Batches) -> None:
    anna, boris, work = caller(), caller("annotator", "b@example.com"), batch(2)
    admin = caller("admin", "a@example.com")
    changed = {"role": "", "members": [anna.user.email], "gold_share": 0.25, "state": "paused"}
    answer = admin.call("patch", f"batches/{work.pk}", changed)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["state"], answer.json()["figures"]["gold_share"]) == ("paused", 0.25)
    assert admin.call("patch", f"batches/{work.pk}", {"state": "open"}).json()["figures"]["members"] == [anna.user.pk]
    assert anna.get("items/next", batch=work.pk).status_code == 200
    assert boris.get("items/next", batch=work.pk).status_code in {403, 404}
    for wrong in ({"members": []}, {"members": ["nobody@example.com"]}, {"gold_share": 0.9}, {"state": "none"}):
        assert admin.call("patch", f"batches/{work.pk}", wrong).status_code == 422, wrong
    assert anna.call("patch", f"batches/{work.pk}", {"role": "annotator"}).status_code == 403
