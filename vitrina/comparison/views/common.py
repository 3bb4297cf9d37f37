"""What several pages of this application need: who asks, and how far the batches are.

Belongs here: small helpers over requests and batches. Stays out: pages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.http import HttpRequest

from vitrina.comparison import own, screen
from vitrina.review.models import Batch, Decision
from vitrina.review.results import BatchProgress
from vitrina.review.standing import assigned_batches, progress, shown_size


class TaskRow(NamedTuple):
    """A batch as an annotator sees it."""

    batch: Batch
    question: str
    mine: int
    percent: int
    overdue: bool


class BatchRow(NamedTuple):
    """A batch as an administrator sees it."""

    batch: Batch
    progress: BatchProgress
    percent: int
    overdue: bool
    known: dict[str, int]


def person(request: HttpRequest) -> User:
    """Who asks."""
    assert isinstance(request.user, User)  # noqa: S101 - the pages open for people who signed in
    return request.user


def task_rows(user: User) -> list[TaskRow]:
    """The person's batches, open ones first."""
    return [
        TaskRow(batch, screen.question(batch), own.answered(user, batch), _percent_shown(batch), overdue(batch))
        for batch in assigned_batches(user)[:50]
    ]


def overdue(batch: Batch) -> bool:
    """Whether an unfinished batch is past its date."""
    return batch.due_at is not None and batch.state != Batch.State.CLOSED and batch.due_at < datetime.now(UTC)


def percent_done(state: BatchProgress) -> int:
    """Votes of the votes that the work needs."""
    if not state.wanted:
        return 0
    return min(100, 100 * state.votes // state.wanted)


def _percent_shown(batch: Batch) -> int:
    """All votes of the votes that are expected, known pairs among both: the figure moves with every answer alike."""
    state, size = progress(batch), shown_size(batch)
    if state.pairs and not state.left:
        return 100
    if not size:  # made, and not filled yet
        return 0
    votes = Decision.objects.filter(item__batch=batch, superseded_by=None, undone_at=None, voided_at=None).count()
    expected = max(1, state.wanted) * size / max(1, state.pairs)
    return min(99, int(100 * votes / expected))
