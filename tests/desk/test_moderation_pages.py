"""The moderation pages over the processed samples."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Processed

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.slow


def test_the_queue_and_an_item_can_be_read(processed: Processed, client_of: Callable[..., Client]) -> None:
    client = client_of("moderator")
    page = client.get("/moderation/").content.decode()
    items = re.findall(r'href="(/moderation/\d+/)', page)
    assert items
    for path in items[:5]:
        shown = client.get(path)
        assert shown.status_code == 200
        assert "data-bar" in shown.content.decode()


def test_an_approved_item_leaves_the_queue_and_the_next_one_is_shown(
    processed: Processed, client_of: Callable[..., Client]
) -> None:
    from vitrina.review.models import Outbox, ReviewItem

    client = client_of("moderator")
    first, second = ReviewItem.objects.filter(state="open", kind="text", version__isnull=False).order_by(
        "priority", "id"
    )[:2]
    answer = client.post(f"/moderation/{first.pk}/decide/?view=text", {"action": "approve"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"/moderation/{second.pk}/")
    first.refresh_from_db()
    assert first.state == "approved"
    decision = first.decisions.get()
    assert decision.decided_as == "moderator@example.com"
    assert Outbox.objects.filter(decision=decision).exists()


def test_a_rejection_needs_a_reason(processed: Processed, client_of: Callable[..., Client]) -> None:
    from vitrina.review.models import ReviewItem

    client = client_of("moderator")
    item = ReviewItem.objects.filter(state="open", kind="text").order_by("id").first()
    assert item is not None
    client.post(f"/moderation/{item.pk}/decide/", {"action": "reject"})
    item.refresh_from_db()
    assert item.state == "open"
    client.post(f"/moderation/{item.pk}/decide/", {"action": "reject", "reasons": ["invented", "poor"], "comment": "x"})
    item.refresh_from_db()
    assert (item.state, item.resolution) == ("rejected", "invented; poor; x")


def test_who_decides_after_another_is_told_and_nothing_changes(
    processed: Processed, client_of: Callable[..., Client]
) -> None:
    from vitrina.review.models import ReviewItem
    from vitrina.review.services import reject

    client = client_of("moderator")
    item = ReviewItem.objects.filter(state="open", kind="text").order_by("id").first()
    assert item is not None
    reject(item.pk, by="Ольга", comment="no")
    page = client.post(f"/moderation/{item.pk}/decide/", {"action": "approve"}, follow=True).content.decode()
    assert "Ольга" in page
    item.refresh_from_db()
    assert item.state == "rejected"
