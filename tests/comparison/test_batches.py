"""Pages of administrators: making batches, their states, guidelines, and who opens them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from vitrina.review.guidelines import newest_guidelines
from vitrina.review.models import Batch, GuidelinesVersion, ReviewItem

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

People = Callable[..., "User"]
Clients = Callable[["User"], "Client"]
Batches = Callable[..., Batch]


def typed(rules: GuidelinesVersion, **changed: Any) -> dict[str, Any]:
    return {
        "name": "Кремы", "guidelines": rules.pk, "question_ru": "Что точнее?", "question_en": "Which is more precise?",
        "overlap": 3, "extra_votes": 2, "strategy": "coverage", "due_at": "2027-01-31", "role": "annotator",
        "gold_percent": 10, "gold_floor_percent": 80, "gold_after": 15, "gold_action": "stop",
        "rationale_percent": 20, "lease_minutes": 5, "known_from": "",
    } | changed  # fmt: skip


def test_a_batch_is_made_as_it_was_typed(make_batch: Batches, person: People, client_for: Clients) -> None:
    former, admin, member = make_batch(2, gold=2, onboarding=1), person("admin"), person("moderator")
    client = client_for(admin)
    sent = typed(former.guidelines, known_from=former.pk, members=[member.pk])
    made = client.post("/compare/batches/new/", sent, follow=True)
    batch = Batch.objects.get(name="Кремы")
    assert made.redirect_chain == [(f"/compare/batches/{batch.pk}/", 302)]
    assert (batch.overlap, batch.extra_votes, batch.strategy, batch.gold_share, batch.gold_floor, batch.gold_after) == (
        3, 2, "coverage", 0.1, 0.8, 15,
    )  # fmt: skip
    assert (batch.gold_action, batch.rationale_share, batch.lease_seconds) == ("stop", 0.2, 300)
    assert batch.due_at is not None
    assert batch.due_at.isoformat() == "2027-01-31T23:59:00+00:00"
    assert list(batch.members.all()) == [member]
    assert batch.items.filter(part="gold").count() == 2
    assert batch.items.filter(part="onboarding", explanation="Потому что").count() == 1
    assert "Кремы" in client.get("/compare/batches/").content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"name": ""}, "This field is required"), ({"overlap": 0}, "greater than or equal to 1"),
     ({"gold_percent": 90}, "less than or equal to 50"), ({"role": ""}, "Choose people, or a role."),
     ({"question_en": "Is GPT-5 better?"}, "no model may be named"), ({"guidelines": 999}, "Select a valid choice")],
)  # fmt: skip
def test_a_wrong_form_says_what_is_wrong_and_keeps_what_was_typed(
    make_batch: Batches, person: People, client_for: Clients, changed: dict[str, Any], words: str
) -> None:
    rules = make_batch(0).guidelines
    page = client_for(person("admin")).post("/compare/batches/new/", typed(rules) | changed)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert "Что точнее?" in page.content.decode()
    assert Batch.objects.count() == 1


def test_the_list_of_batches_comes_in_pages(
    make_batch: Batches, person: People, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.comparison.views import batches

    monkeypatch.setattr(batches, "_LISTED", 1)
    older, newer, client = make_batch(0), make_batch(0), client_for(person("admin"))
    first, second = (client.get(f"/compare/batches/?page={n}").content.decode() for n in (1, 2))
    for shown, other, page in ((newer, older, first), (older, newer, second)):
        assert f'"/compare/batches/{shown.pk}/"' in page
        assert f'"/compare/batches/{other.pk}/"' not in page
    assert 'href="?page=2"' in first


def test_a_name_is_given_once(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch = make_batch(0)
    page = client_for(person("admin")).post("/compare/batches/new/", typed(batch.guidelines, name=batch.name))
    assert "There is a batch of this name already." in page.content.decode()


def test_states_are_changed_and_closed_is_for_good(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(1), client_for(person("admin"))
    for state in ("paused", "open", "closed", "open", "nonsense"):
        assert client.post(f"/compare/batches/{batch.pk}/state/", {"state": state}).status_code == 302
        batch.refresh_from_db()
        assert batch.state == ("closed" if state == "nonsense" or batch.closed_at else state)
    assert "stays closed" in client.get(f"/compare/batches/{batch.pk}/").content.decode()


def test_people_date_and_shares_of_a_batch_are_changed_while_people_work(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, admin, anna, boris = make_batch(2, gold_share=0.125), person("admin"), person(), person()
    client, address = client_for(admin), f"/compare/batches/{batch.pk}/change/"
    sent = {name: value for name, value in typed(batch.guidelines).items() if name not in {"name", "overlap"}}
    sent |= {"role": "", "members": [anna.pk], "gold_percent": 12}
    assert client.post(address, sent | {"members": []}).status_code == 422, "nobody could work on it"
    assert client.post(address, sent | {"gold_percent": 90}).status_code == 422
    assert client.post(address, sent).status_code == 302
    batch.refresh_from_db()
    assert (batch.role, list(batch.members.all()), batch.lease_seconds) == ("", [anna], 300)
    assert (batch.gold_share, batch.gold_action, batch.overlap) == (0.125, "stop", 2), "12 % stood there: unchanged"
    assert batch.due_at is not None
    assert client_for(anna).get(f"/compare/{batch.pk}/").status_code == 200
    assert client_for(boris).get(f"/compare/{batch.pk}/").status_code == 403
    assert client_for(anna).post(address, sent).status_code == 403
    client.post(f"/compare/batches/{batch.pk}/state/", {"state": "closed"})
    client.post(address, sent | {"role": "annotator"})
    batch.refresh_from_db()
    assert batch.role == ""
    assert address not in client.get(f"/compare/batches/{batch.pk}/").content.decode()


def test_guidelines_are_published_as_versions_and_shown_safely(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(0), client_for(person("admin"))
    body = (
        "# Правила\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](https://example.com) ![p](//e.com/p.png)"
    )
    sent = {"topic": "sense", "body_ru": body, "body_en": body}
    preview = client.post("/compare/guidelines/publish/", sent | {"action": "preview"}).content.decode()
    assert "<h3>Правила</h3>" in preview
    assert GuidelinesVersion.objects.count() == 1
    assert client.post("/compare/guidelines/publish/", sent | {"body_en": ""}).status_code == 422
    page = client.post("/compare/guidelines/publish/", sent, follow=True).content.decode()
    newest = newest_guidelines("sense")
    assert newest is not None
    assert newest.number == 2
    article = page[page.index('<article class="panel guidelines"') : page.index("</article>")]
    assert '<a href="https://example.com" rel="noopener noreferrer">y</a>' in article
    for sign in ("<script", 'href="javascript', "<img"):
        assert sign not in article
    assert "There is a newer version:" in client.get(f"/compare/guidelines/{batch.guidelines_id}/").content.decode()
    assert "Правила" in client.get("/compare/guidelines/publish/?topic=sense").content.decode()
    batch.refresh_from_db()
    assert batch.guidelines.number == 1


def test_annotators_and_moderators_open_no_page_of_administrators(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch = make_batch(1)
    item, rules = ReviewItem.objects.get(), newest_guidelines("sense")
    assert rules is not None
    addresses = [
        "/compare/batches/", "/compare/batches/new/", f"/compare/batches/{batch.pk}/",
        f"/compare/batches/{batch.pk}/state/", f"/compare/batches/{batch.pk}/export/",
        f"/compare/batches/{batch.pk}/file/", f"/compare/batches/{batch.pk}/products/",
        f"/compare/batches/{batch.pk}/pairs/", f"/compare/batches/{batch.pk}/pairs/{item.pk}/",
        "/compare/annotators/", f"/compare/annotators/{person().pk}/void/", "/compare/guidelines/publish/",
    ]  # fmt: skip
    for role in ("annotator", "moderator"):
        client = client_for(person(role))
        assert {client.get(address).status_code for address in addresses} == {403}
        assert {client.post(address).status_code for address in addresses} == {403}


def test_annotators_are_sent_to_their_batches_from_the_first_page(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    make_batch(0)
    assert client_for(person()).get("/")["Location"] == "/compare/"
    assert client_for(person("admin")).get("/")["Location"] == "/moderation/"
