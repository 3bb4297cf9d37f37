"""Going on from a refused form, in another language or by loading it again: to the page with the form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import form_of, make_cases, user_of

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("database")


def in_english(client: Client, answer: Any) -> str:
    """Choose English on the page of an answer, and where that leads; it must be a page."""
    found = re.search(r'name="next" value="([^"]+)"', answer.content.decode())
    assert found is not None
    there = client.post("/language/", {"language": "en", "next": found[1].replace("&amp;", "&")}, follow=True)
    assert (there.status_code, there.content[:9].lower()) == (200, b"<!doctype")
    return there.request["PATH_INFO"] + (f"?{query}" if (query := there.request["QUERY_STRING"]) else "")


def test_a_refused_decision_leads_back_to_its_case(maria: Client) -> None:
    [item] = make_cases()
    address = f"/moderation/{item.pk}/"
    refused = maria.post(f"{address}decide/?view=urgent", form_of(maria, item, action="reject"))
    assert refused.status_code == 422
    assert in_english(maria, refused) == f"{address}?view=urgent"
    for action in ("decide", "later", "assign"):
        assert maria.get(f"{address}{action}/?view=urgent")["Location"] == f"{address}?view=urgent"
    assert in_english(maria, maria.post("/moderation/bulk/", {"action": "approve"})) == "/moderation/"
    assert maria.put(f"{address}decide/").status_code == 405


def test_refused_forms_of_comparisons_and_people_lead_back_to_their_pages(client_of: Callable[..., Client]) -> None:
    from vitrina.review.batches import create_batch
    from vitrina.review.guidelines import publish_guidelines

    admin = client_of("admin")
    boss = user_of(admin)
    rules = publish_guidelines(boss, "sense", body_ru="П", body_en="R")
    batch = create_batch(boss, name="b", question_ru="?", question_en="?", guidelines=rules, role="admin")
    for posted, page in (
        (f"/compare/{batch.pk}/answer/", f"/compare/{batch.pk}/"),
        ("/compare/history/5/", "/compare/history/"),
        (f"/compare/batches/{batch.pk}/file/", f"/compare/batches/{batch.pk}/"),
        ("/people/invite/", "/people/"),
    ):
        assert in_english(admin, admin.post(posted, {"answer": "nothing", "token": "none"})) == page
        assert admin.get(posted)["Location"] == page
