"""Holding a case: who has it, for how long, how it goes back; putting off, giving away, several at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.desk.cases import (
    decide,
    form_of,
    ids_in,
    lease_of,
    make_cases,
    page,
    user_of,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client


pytestmark = pytest.mark.usefixtures("database")


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
