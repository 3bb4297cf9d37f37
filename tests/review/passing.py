"""What tests of decisions share: the better text as shown, time that goes by, the preferences' consumer."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from vitrina.review.models import Decision, Outbox
from vitrina.review.outbox import PREFERENCES, claim, consumed


def better(view) -> str:
    return "left" if view.left.startswith("Хорошее") else "right"


def let_pass(seconds: int = 61) -> None:
    """Time goes by for all that was decided."""
    Decision.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))
    Outbox.objects.update(available_at=F("available_at") - timedelta(seconds=seconds))


def claim_all() -> list[Outbox]:
    with transaction.atomic():
        return claim(PREFERENCES)


def consume(run_id: str = "run") -> int:
    with transaction.atomic():
        return consumed(claim(PREFERENCES), run_id=run_id)
