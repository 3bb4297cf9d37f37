"""The team's board: opt-in twice, by name, with nothing that tells of single pairs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.axe import assert_accessible, guises
from tests.desk.conftest import new_client
from tests.desk.screen import signed_in
from tests.numbers.test_numbers_figures import items_of, vote
from vitrina.comparison.own import gold_told
from vitrina.config import get_settings
from vitrina.numbers import team
from vitrina.statistics.intervals import Undefined, wilson

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from playwright.sync_api import Browser

    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
ME, SHOW = "/numbers/me/", "/numbers/me/team/"


@pytest.fixture
def board(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting that lets there be a board."""
    monkeypatch.setenv("DESK_TEAM_BOARD", "on")
    get_settings.cache_clear()


@pytest.fixture
def named(person: Callable[..., User]) -> Callable[..., User]:
    """Makes an annotator of a name."""

    def make(name: str, role: str = "annotator") -> User:
        user = person(role, f"{name.lower()}@example.com")
        user.first_name = name
        user.save()
        return user

    return make


def client_for(user: User, **options: Any) -> Client:
    client = new_client(**options)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def me(client: Client) -> str:
    answer = client.get(ME, headers={"accept-language": "ru"})
    assert answer.status_code == 200
    return answer.content.decode()


def names_on(html: str) -> list[str]:
    """Who stands in the team's table."""
    return re.findall(r'<th scope="row" translate="no">(.*?)</th>', html)


def test_there_is_no_board_unless_it_is_switched_on(named: Callable[..., User]) -> None:
    anna = named("Анна")
    client = client_for(anna)
    assert "Команда" not in me(client)
    assert client.post(SHOW, {"show": "1"}).status_code == 404
    assert team.board_for(anna) is None


def test_only_who_agreed_is_seen_and_only_by_who_agreed(board: None, named: Callable[..., User]) -> None:
    anna, boris, vera = named("Анна"), named("Борис"), named("Вера")
    first, second = client_for(anna), client_for(boris)
    html = me(second)
    assert names_on(html) == []
    assert "Показать мои показатели команде" in html
    for client in (first, second):
        assert client.post(SHOW, {"show": "1"})["Location"] == ME
        client.post(SHOW, {"show": "1"})
    assert names_on(me(second)) == ["Анна", "Борис"]
    assert names_on(me(client_for(vera))) == [], "who shows nothing sees nothing"
    assert "Вера" not in me(first)
    second.post(SHOW, {"show": "0"})
    assert names_on(me(first)) == ["Анна"]
    assert names_on(me(second)) == []


def test_closed_accounts_other_roles_and_a_board_switched_off_show_nobody(
    board: None, named: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.accounts.roles import Role, give_role
    from vitrina.review.models import BoardConsent

    anna, boris, vera = named("Анна"), named("Борис"), named("Вера")
    mark, nobody = named("Марк", "moderator"), named("Некто", "nobody")
    for user in (anna, boris, vera):
        team.show(user, to_team=True)
    for user in (mark, nobody):
        client = client_for(user)
        assert client.post(SHOW, {"show": "1"}).status_code == 404
        assert "Команда" not in me(client)
    type(boris).objects.filter(pk=boris.pk).update(is_active=False)
    give_role(vera, Role.MODERATOR)
    assert names_on(me(client_for(anna))) == ["Анна"]
    monkeypatch.setenv("DESK_TEAM_BOARD", "off")
    get_settings.cache_clear()
    client = client_for(anna)
    assert "Команда" not in me(client)
    client.post(SHOW, {"show": "0"})
    assert not BoardConsent.objects.filter(user=anna).exists(), "consent is taken back whatever the setting"


def test_a_form_without_its_token_or_from_outside_changes_nothing(board: None, named: Callable[..., User]) -> None:
    from vitrina.review.models import BoardConsent

    strict = client_for(named("Анна"), enforce_csrf_checks=True)
    assert strict.post(SHOW, {"show": "1"}).status_code == 403
    assert strict.get(SHOW)["Location"] == ME
    assert new_client().post(SHOW, {"show": "1"}).status_code == 302
    assert not BoardConsent.objects.exists()


def test_figures_are_those_of_a_week_by_name_with_gold_in_steps(
    board: None, named: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    from vitrina.review.models import Decision

    yana, anna = named("Яна"), named("анна")
    for user in (yana, anna):
        team.show(user, to_team=True)
    batch = make_batch(6, gold=33, onboarding=2)
    work, gold, onboarding = items_of(batch), items_of(batch, "gold"), items_of(batch, "onboarding")
    now = datetime.now(UTC)
    for number, item in enumerate(gold):
        at = now - timedelta(days=20) if number < 4 else now
        vote(item, yana, item.expected if number % 4 else "B" if item.expected == "A" else "A", at=at, active_ms=2_000)
    vote(gold[0], anna, gold[0].expected, at=now)
    for item in work[:3]:
        vote(item, anna, "A", at=now, active_ms=9_000)
    Decision.objects.filter(pk=vote(work[3], anna, "A", at=now).pk).update(undone_at=now)
    vote(onboarding[0], anna, "A", at=now)
    vote(work[4], anna, "A", at=now - timedelta(days=9))
    found = team.board_for(yana)
    assert found is not None
    first, second = found.members
    assert (first.name, first.comparisons, first.median_seconds, first.timed) == ("анна", 4, 9.0, 3)
    assert isinstance(first.gold, Undefined)
    assert first.gold.n == 0
    right, told = gold_told(yana, since=now - timedelta(days=6))
    assert (second.name, second.comparisons, second.median_seconds, told) == ("Яна", 29, 2.0, 26)
    assert second.gold == wilson(right, told)
    html = me(client_for(yana))
    assert names_on(html) == ["анна", "Яна"]
    assert "@example.com" not in re.sub(r'<p class="secondary">[^<]*@[^<]*</p>', "", html), (
        "own address of the menu alone"
    )


def test_accuracy_is_told_from_twenty_in_the_week_and_moves_in_steps_for_everybody(
    board: None, named: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    yana, anna = named("Яна"), named("Анна")
    for user in (yana, anna):
        team.show(user, to_team=True)
    seen = []
    for item in items_of(make_batch(1, gold=31), "gold"):
        vote(item, yana, item.expected, at=datetime.now(UTC))
        found = team.board_for(anna)
        assert found is not None
        seen.append(found.members[1].gold.n)
    assert seen == [0] * 19 + [20] * 10 + [30] * 2


@pytest.mark.browser
@pytest.mark.slow
def test_the_board_is_accessible_and_fits_a_phone(
    board: None, named: Callable[..., User], make_batch: Callable[..., Batch], desk: str, browser: Browser
) -> None:
    people = [named(name) for name in ("Александра-Константиновна", "Борис")]
    for user in people:
        team.show(user, to_team=True)
    for item in items_of(make_batch(1, gold=20), "gold"):
        vote(item, people[1], item.expected, at=datetime.now(UTC), active_ms=5_000)
    page = signed_in(browser, desk, people[0])
    page.goto(f"{desk}{ME}")
    for guise in guises(page):
        page.get_by_role("heading", name="Команда").or_(page.get_by_role("heading", name="The team")).wait_for()
        assert_accessible(page, what="board", guise=guise)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.context.close()
