"""Changing one's mind: undoing within the minute, deciding otherwise later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.desk.cases import (
    HTMX,
    decide,
    form_of,
    lease_of,
    make_cases,
    page,
    user_of,
)

if TYPE_CHECKING:
    from django.test import Client


pytestmark = pytest.mark.usefixtures("database")


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
    from tests.review.passing import let_pass
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
