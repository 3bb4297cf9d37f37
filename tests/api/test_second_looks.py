"""Second looks come by the same way as first cases, and nothing that is answered tells one from the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.test_second_looks_blind import first_case, second_look
from tests.review.looks import REJECT, decide, draw_all, effect

if TYPE_CHECKING:
    from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def all_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_all(monkeypatch)


def alike(value: Any) -> Any:
    """An answer without numbers, times and tokens of the single item."""
    if isinstance(value, dict):
        return {name: alike(inner) for name, inner in value.items() if name not in {"token", "until"}}
    if isinstance(value, list):
        return [alike(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\d+", "#", re.sub(r"(:\d\d)\.\d{6}", r"\1", value))  # one moment in a million has no fraction
    return value if value is None or isinstance(value, float | bool) else 0


@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_next_list_and_claim_answer_as_for_a_first_case(caller: Callable[..., Caller], edited: bool) -> None:
    maria, oleg = caller("moderator", "maria@example.com"), caller("moderator", "oleg@example.com")
    again, first = second_look(maria.user, 1, edited=edited), first_case(2)
    got = oleg.get("items/next").json()
    assert got["item"] == again.pk
    claimed = {item.pk: oleg.post(f"items/{item.pk}/claim").json() for item in (again, first)}
    assert alike(got) == alike(claimed[again.pk]) == alike(claimed[first.pk])
    assert claimed[again.pk]["seen_version"] == claimed[again.pk]["text"]["number"] == 1
    oleg.post("leases/release")
    rows = {row["id"]: row for row in oleg.get("items").json()["results"]}
    assert set(rows) == {again.pk, first.pk}, "what was decided first is not told yet"
    assert alike(rows[again.pk]) == alike(rows[first.pk])
    assert rows[again.pk]["priority"] == rows[first.pk]["priority"] == 2
    assert alike(oleg.get(f"items/{again.pk}").json()) == alike(oleg.get(f"items/{first.pk}").json())


def test_who_approved_is_answered_as_if_there_were_none(caller: Callable[..., Caller]) -> None:
    maria = caller("moderator", "maria@example.com")
    again = second_look(maria.user, 1, edited=False)
    assert maria.get("items/next").status_code == 204
    for answer in (maria.get(f"items/{again.pk}"), maria.post(f"items/{again.pk}/claim")):
        assert answer.status_code == 404
    assert again.pk not in [row["id"] for row in maria.get("items").json()["results"]]
    done = maria.post("items/decide", {"items": [{"item": again.pk}], "action": "approve"}).json()
    assert done == {"decided": [], "failed": {str(again.pk): f"There is no case {again.pk}."}}
    assert maria.post("items/assign", {"items": [again.pk], "to": "me"}).json() == {"assigned": 0}


def test_a_case_that_settles_says_what_both_decided(caller: Callable[..., Caller]) -> None:
    maria, oleg = caller("moderator", "maria@example.com"), caller("moderator", "oleg@example.com")
    vera = caller("moderator", "vera@example.com")
    decide(oleg.user, second_look(maria.user, 1, edited=False), REJECT)
    effect()
    got = vera.get("items/next").json()
    told = [(look["action"], look["reasons"], look["comment"]) for look in got["details"]["looks"]]
    assert told == [("approve", [], ""), ("reject", ["invented"], "нет такого")]
    assert got["priority"] == 1
    assert maria.get("items/next").status_code == oleg.get("items/next").status_code == 204


@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_texts_and_the_log_tell_nobody_else_what_was_decided(caller: Callable[..., Caller], edited: bool) -> None:
    from vitrina.content.models import ProcessingLog

    maria, oleg = caller("moderator", "maria@example.com"), caller("moderator", "oleg@example.com")
    again = second_look(maria.user, 1, edited=edited)
    ProcessingLog.objects.create(
        product=again.product, version=again.version, processing_type="full", status="approved"
    )  # fmt: skip
    rows = oleg.get(f"products/{again.product_id}/versions").json()["results"]
    assert {(row["approved"], row["origin"], row["model"]) for row in rows} == {(False, "llm", "writer-9")}
    assert [row["status"] for row in oleg.get("logs").json()["results"]] == ["moderation"]
    assert maria.get(f"versions/{again.version_id}").json()["approved"] is True
    assert [row["status"] for row in maria.get("logs").json()["results"]] == ["approved"]
