"""Batches of pairs: making, filling, pausing, closing.

Belongs here: what an administrator, or a pipeline, does with a batch. Stays out: how far it is and who works on it
(``standing``), working on one (``queue``, ``comparing``), which texts are worth comparing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from vitrina.review.access import ADMIN, require
from vitrina.review.comparing import UNLIMITED
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Batch, GuidelinesVersion, ResponsePair, ReviewItem, Watermark
from vitrina.review.pairs import NamesWriter, Prepared, SameText, names_writer, prepare
from vitrina.review.results import PairDraft
from vitrina.warehouse import copy_upsert

_CHUNK = 5000
#: Fields that may change while people work: votes that stand stay what they were.
CHANGEABLE = ("role", "due_at", "lease_seconds", "gold_share", "gold_floor", "gold_after", "gold_action",
              "rationale_share")  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Filled:
    """What became of drafts: ``refused`` counts them by reason."""

    added: int = 0
    repeated: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def create_batch(
    by: User,
    *,
    name: str,
    question_ru: str,
    question_en: str,
    guidelines: GuidelinesVersion,
    members: Iterable[User] = (),
    role: str = "annotator",
    **settings: Any,
) -> Batch:
    """Make an open batch without pairs. The criterion is the topic of its guidelines.

    Args:
        by: An administrator.
        name: Its name, unlike all others.
        question_ru: What is asked of each pair; ``question_en`` likewise.
        guidelines: The version people work by.
        members: People who may work on it, besides those of ``role``.
        role: A role whose people may all work on it; empty: members only.
        settings: Other fields of :class:`~vitrina.review.models.Batch`: overlap, extra_votes, gold_share, strategy, ….

    Raises:
        Forbidden: The caller is no administrator.
        NotDecidable: The name is taken or a figure is out of range.
    """
    require(by, ADMIN)
    people = list(members)
    if not role and not people:
        raise NotDecidable("Nobody could work on this batch.", hint="Name people, or a role.")
    batch = Batch(
        name=name.strip(), criterion=guidelines.topic, question_ru=question_ru, question_en=question_en,
        guidelines=guidelines, role=role, created_by=by, **settings,
    )  # fmt: skip
    _check_figures(batch)
    try:
        with transaction.atomic():
            batch.save()
            batch.members.set(people)
    except IntegrityError as error:
        raise NotDecidable(f"There is a batch {name} already.", hint="Choose another name.") from error
    return batch


def add_pairs(
    batch: Batch, drafts: Iterable[PairDraft], *, by: User | None = None, part: str = ReviewItem.Part.WORK
) -> Filled:
    """Add pairs to a batch; one that is in it stays as it is, in whatever order its texts come.

    Args:
        batch: Open or paused.
        drafts: Pairs. Gold and onboarding need ``expected``, onboarding an ``explanation`` too.
        by: An administrator; ``None``: a pipeline.
        part: work, gold or onboarding.
    """
    if by is not None:
        require(by, ADMIN)
    if batch.state == Batch.State.CLOSED:
        raise NotDecidable(f"The batch {batch.name} is closed.")
    result = Filled()
    remaining = iter(drafts)
    while chunk := list(islice(remaining, _CHUNK)):
        _add(batch, chunk, part, result)
    Watermark.objects.filter(batch=batch).delete()
    return result


def set_state(by: User, batch: Batch, state: str) -> Batch:
    """Pause a batch, open it again, or close it for good. Of a paused one, what people hold is still accepted."""
    require(by, ADMIN)
    if state not in Batch.State.values:
        raise NotDecidable(f"There is no state {state}.", hint=f"Known: {', '.join(Batch.State.values)}.")
    with transaction.atomic():
        standing = Batch.objects.select_for_update().get(pk=batch.pk)
        if standing.state == Batch.State.CLOSED and state != Batch.State.CLOSED:
            raise NotDecidable(f"The batch {batch.name} is closed for good.")
        standing.state = state
        standing.closed_at = datetime.now(UTC) if state == Batch.State.CLOSED else None
        standing.save(update_fields=["state", "closed_at"])
    batch.state, batch.closed_at = standing.state, standing.closed_at
    return standing


def change_batch(by: User, batch: Batch, *, members: Iterable[User] | None = None, **settings: Any) -> Batch:
    """Change who may work on a batch, until when, and shares: any of :data:`CHANGEABLE`. What is not named stays.

    Raises:
        Forbidden: The caller is no administrator.
        NotDecidable: The batch is closed, nobody could work on it, or a figure is fixed or out of range.
    """
    require(by, ADMIN)
    if fixed := sorted(set(settings) - set(CHANGEABLE)):
        raise NotDecidable(f"{fixed[0]} of a batch is never changed.", hint=f"These are: {', '.join(CHANGEABLE)}.")
    with transaction.atomic():
        standing = Batch.objects.select_for_update().get(pk=batch.pk)
        if standing.state == Batch.State.CLOSED:
            raise NotDecidable(f"The batch {batch.name} is closed for good.")
        people = list(standing.members.all() if members is None else members)
        for name, value in settings.items():
            setattr(standing, name, value)
        if not standing.role and not people:
            raise NotDecidable("Nobody could work on this batch.", hint="Name people, or a role.")
        _check_figures(standing)
        standing.save(update_fields=list(settings) or None)
        standing.members.set(people)
    _log.info("batch %s changed by %s: %s; %s members", batch.pk, by.pk, ", ".join(settings) or "-", len(people))
    return standing


def copy_known(by: User, source: Batch, batch: Batch, part: str) -> int:
    """Give a batch the gold or the onboarding pairs of another one; what it has already stays. Returns how many came.

    Raises:
        Forbidden: The caller is no administrator.
        NotDecidable: Work is not copied; the batches ask different questions; the batch is closed.
    """
    require(by, ADMIN)
    if part not in {ReviewItem.Part.GOLD, ReviewItem.Part.ONBOARDING}:
        raise NotDecidable("Only pairs whose answer is known are copied.")
    if source.criterion != batch.criterion:
        raise NotDecidable(
            "The two batches compare by different criteria.", hint="Copy from one of the same criterion."
        )
    if batch.state == Batch.State.CLOSED:
        raise NotDecidable(f"The batch {batch.name} is closed.")
    known = ReviewItem.objects.filter(batch=source, part=part).exclude(state=ReviewItem.State.WITHDRAWN)
    copies = [
        ReviewItem(
            kind=ReviewItem.Kind.PAIR, key=f"pair:{batch.pk}:{item.pair_id}", batch=batch, pair_id=item.pair_id,
            part=part, expected=item.expected, explanation=item.explanation, priority=item.priority, need=UNLIMITED,
        )
        for item in known.order_by("pk")
    ]  # fmt: skip
    before = ReviewItem.objects.filter(batch=batch).count()
    ReviewItem.objects.bulk_create(copies, ignore_conflicts=True)
    return ReviewItem.objects.filter(batch=batch).count() - before


def _check_figures(batch: Batch) -> None:
    if not batch.name:
        raise NotDecidable("A batch needs a name.")
    for text in (batch.name, batch.question_ru, batch.question_en, batch.criterion):
        if found := names_writer(text):
            raise NotDecidable(f"«{found}» names a writer, and annotators read it.", hint="Name what is compared.")
    if not 1 <= batch.overlap <= 50:
        raise NotDecidable("The overlap must be between 1 and 50.")
    for name, most in (("gold_share", 0.5), ("gold_floor", 1.0), ("rationale_share", 1.0)):
        if not 0 <= getattr(batch, name) <= most:
            raise NotDecidable(f"{name} must be between 0 and {most:g}.")
    if batch.strategy not in Batch.Strategy.values:
        raise NotDecidable(f"There is no order {batch.strategy}.", hint=f"Known: {', '.join(Batch.Strategy.values)}.")
    if batch.lease_seconds < 30:
        raise NotDecidable("A pair must be held for 30 seconds at least.")


def _add(batch: Batch, drafts: Sequence[PairDraft], part: str, result: Filled) -> None:
    ready: dict[str, Prepared] = {}
    for prepared in _prepared(drafts, part, result):
        result.repeated += prepared.fingerprint in ready
        ready.setdefault(prepared.fingerprint, prepared)
    columns = ("fingerprint", "product", "prompt", "facts", "language", "text_a", "text_b", "version_a", "version_b",
               "measures")  # fmt: skip
    with transaction.atomic():
        rows = [tuple(getattr(pair, name) for name in columns) for pair in ready.values()]
        copy_upsert(ResponsePair, columns, rows, key=("fingerprint",), compare=("fingerprint",))
        ids = dict(ResponsePair.objects.filter(fingerprint__in=ready).values_list("fingerprint", "pk"))
        need = batch.overlap if part == ReviewItem.Part.WORK else UNLIMITED
        items = [
            (ReviewItem.Kind.PAIR.value, f"pair:{batch.pk}:{ids[mark]}", batch.pk, ids[mark], part, pair.expected,
             pair.explanation, pair.priority, need, pair.certainty, ReviewItem.State.OPEN.value)
            for mark, pair in ready.items()
        ]  # fmt: skip
        names = ("kind", "key", "batch", "pair", "part", "expected", "explanation", "priority", "need", "certainty",
                 "state")  # fmt: skip
        written = copy_upsert(ReviewItem, names, items, key=("batch", "pair"), compare=("kind",))
    result.added += written.inserted
    result.repeated += written.unchanged


def _prepared(drafts: Iterable[PairDraft], part: str, result: Filled) -> Iterator[Prepared]:
    for draft in drafts:
        try:
            yield prepare(draft, known=part != ReviewItem.Part.WORK, explained=part == ReviewItem.Part.ONBOARDING)
        except (SameText, NamesWriter) as reason:
            kind = type(reason).reason
            result.refused[kind] = result.refused.get(kind, 0) + 1
