"""Approved texts are looked at again: drawing them, hearing the second person, sending differences to a third.

Belongs here: what happens to a second look. Stays out: who may see what of it (``blindness``), deciding
(``moderating``), what decisions change (``effects``). A second person's decision changes nothing in the catalogue:
where it differs, a third person decides about the same text, and that decision goes the way of all others. The text
stays published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from vitrina.config import get_settings
from vitrina.review.errors import Conflict
from vitrina.review.models import Decision, ReviewItem, SecondLook, SetAside
from vitrina.review.outbox import PREFERENCES, SECOND_LOOKS, claim, consumed, consumers, lock_rows, tell_uncounted

_State, _Outcome, _Look = ReviewItem.State, SecondLook.Outcome, ReviewItem.Look
#: The check that a case of a third look begins with.
DIFFER: dict[str, Any] = {
    "rule": "looks_differ",
    "priority": 1,
    "message_ru": "Два модератора решили об этом тексте по-разному",
    "message_en": "Two moderators decided differently about this text",
    "details": [],
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """An approval that is to be looked at again; ``confidence`` of the category is as it was before the approval."""

    decision: Decision
    confidence: float | None


def draw(
    decision: Decision, *, percent: float | None = None, chance: Callable[[], float] = SystemRandom().random
) -> Drawn | None:
    """Whether an approval is looked at again. Ask before it takes effect; :func:`begin` comes after.

    Approvals of texts in the queue are drawn, those after an edit among them. Not drawn: what was written or shown by
    hand on a product's page, decisions of the command line, and the second and third look themselves.

    Args:
        decision: That is about to take effect.
        percent: Share that is drawn; that of the settings by default.
        chance: Gives numbers from 0 to 1.
    """
    share = get_settings().review_second_look_percent if percent is None else percent
    if share <= 0 or not _may_be_drawn(decision) or chance() * 100 >= share:
        return None
    from vitrina.categories.models import ProductCategory

    known = ProductCategory.objects.filter(product=decision.item.product_id)
    return Drawn(decision, known.values_list("confidence", flat=True).first())


def _may_be_drawn(decision: Decision) -> bool:
    item = decision.item
    first_look = item.kind == ReviewItem.Kind.TEXT and item.look == _Look.FIRST and item.version_id is not None
    asked = item.key.startswith("version:") and all(reason.get("rule") != "by_hand" for reason in item.reasons)
    if not (first_look and asked and decision.action in {"approve", "edit"} and decision.decided_by_id is not None):
        return False
    return not SecondLook.objects.filter(first__item=item).exclude(outcome=_Outcome.VOID).exists()


def begin(drawn: Drawn) -> SecondLook:
    """Open the second case, which looks like the first one did. Done twice, it is one."""
    first, of = drawn.decision, drawn.decision.item
    known = SecondLook.objects.filter(first=first).first()
    if known is not None:
        return known
    edited = Decision.objects.values_list("version", flat=True).get(pk=first.pk)
    with transaction.atomic():
        version = edited or of.version_id
        item = ReviewItem.objects.create(
            kind=of.kind, look=_Look.SECOND, key=f"version:{version}", product_id=of.product_id, version_id=version,
            priority=of.priority, reasons=of.reasons, details=of.details, run_id=of.run_id,
        )  # fmt: skip
        _bar(item, first.decided_by_id)
        return SecondLook.objects.create(first=first, item=item, confidence=drawn.confidence)


def attend(*, run_id: str) -> int:
    """End second looks that ask nothing any more, and hear decisions whose time for undoing is over.

    Call it inside the transaction of a publication pass, after decisions have taken effect.

    Returns:
        How many decisions were heard.
    """
    _end_overtaken()
    _let_go(datetime.now(UTC) - timedelta(days=get_settings().review_second_look_days))
    rows = claim(SECOND_LOOKS)
    for row in rows:
        _hear(row.decision)
    return consumed(rows, run_id=run_id)


def settle(decision: Decision, item: ReviewItem) -> None:
    """Keep that a decision of a third person takes the first one's place, unless it says the same. Both are locked."""
    if item.look != _Look.SETTLING or decision.action == "approve":
        return
    look = SecondLook.objects.select_related("first__item").filter(third=item).first()
    if look is None:
        return
    standing = _standing(look.first.item_id)
    if standing is None:
        return
    lock_rows([standing.pk])
    Decision.objects.filter(pk=standing.pk).update(superseded_by=decision)
    if PREFERENCES not in consumers(decision.action, item.part, item.look):
        tell_uncounted(standing, look.first.item, at_once=False)


def require_unsettled(item: ReviewItem) -> None:
    """Raises :class:`Conflict` for a change of mind where a third person settles, or settled, what two decided."""
    of_item = Q(first__item=item) | Q(item=item) | Q(third=item)
    settled = SecondLook.objects.filter(of_item, outcome=_Outcome.DIFFERS)
    if settled.exclude(third__state__in=[_State.SUPERSEDED, _State.WITHDRAWN]).exists():
        raise Conflict("A third person decides about this text.", hint="Write it by hand on the product's page.",
                       reason="settled", state=item.state)  # fmt: skip


def both_decisions(item: ReviewItem) -> list[Decision]:
    """What the two said whose difference a case of a third look settles: first, second. Empty for any other case."""
    asked = item.look == _Look.SETTLING
    look = SecondLook.objects.filter(third=item).select_related("first").first() if asked else None
    if look is None:
        return []
    # A first decision that was changed before the second one was heard counts as it was changed.
    first = Decision.objects.filter(item=look.first.item_id, undone_at=None).order_by("pk").last() or look.first
    ids = [first.pk, look.second_id]
    found = Decision.objects.select_related("decided_by").in_bulk([pk for pk in ids if pk is not None])
    return [found[pk] for pk in ids if pk in found]


def _hear(decision: Decision) -> None:
    waiting = SecondLook.objects.select_for_update(of=("self",)).select_related("item", "first")
    look = waiting.filter(item=decision.item_id, outcome__in=[_Outcome.WAITING, _Outcome.AGREED]).first()
    if look is None:
        return
    look.second, look.ended_at = decision, datetime.now(UTC)
    agreed = decision.action == "approve" and not decision.category
    look.outcome = _Outcome.AGREED if agreed else _Outcome.DIFFERS
    if not agreed:
        of = look.item
        look.third = ReviewItem.objects.create(
            kind=of.kind, look=_Look.SETTLING, key=of.key, product_id=of.product_id, version_id=of.version_id,
            priority=1, reasons=[DIFFER, *of.reasons], details=of.details, run_id=of.run_id,
        )  # fmt: skip
        _bar(look.third, look.first.decided_by_id, decision.decided_by_id)
    look.save(update_fields=["second", "third", "outcome", "ended_at"])


def _end_overtaken() -> None:
    """What was approved may have been taken back, replaced or withdrawn since."""
    from vitrina.content.models import Verdict

    stands = Exists(Verdict.objects.filter(version=OuterRef("item__version"), approved=True))
    over = Q(item__state__in=[_State.SUPERSEDED, _State.WITHDRAWN])
    waiting = SecondLook.objects.filter(outcome=_Outcome.WAITING).filter(~stands | over)
    _end(waiting, _State.SUPERSEDED, _Outcome.VOID, "What was approved stands no more.")
    settling = SecondLook.objects.filter(~stands, outcome=_Outcome.DIFFERS, third__state=_State.OPEN)
    ReviewItem.objects.filter(settles__in=settling).update(state=_State.SUPERSEDED, resolved_at=Now())


def _let_go(before: datetime) -> None:
    """Nobody waits for a second look, so it does not wait for ever: perhaps only one person moderates."""
    old = SecondLook.objects.filter(outcome=_Outcome.WAITING, created_at__lt=before).values("item")
    unheld = ReviewItem.objects.filter(pk__in=old, state__in=[_State.OPEN, _State.FLAGGED], held=0)
    # Locked, since somebody may be about to take or to decide one: what they say must not be lost.
    free = [item.pk for item in unheld.select_for_update(skip_locked=True, of=("self",)).only("pk")]
    looks = SecondLook.objects.filter(item__in=free, outcome=_Outcome.WAITING)
    _end(looks, _State.WITHDRAWN, _Outcome.LET_GO, "Nobody looked again in time.")


def _end(looks: QuerySet[SecondLook], state: str, outcome: str, reason: str) -> None:
    found = list(looks.select_for_update(of=("self",)))
    items = [look.item_id for look in found]
    asking = ReviewItem.objects.filter(pk__in=items, state__in=[_State.OPEN, _State.FLAGGED])
    asking.update(state=state, resolution=reason, resolved_at=Now())
    ended = SecondLook.objects.filter(pk__in=[look.pk for look in found])
    ended.update(outcome=outcome, reason=reason, ended_at=Now())


def _standing(item_id: int) -> Decision | None:
    """The decision about a first case that stands now."""
    return Decision.objects.filter(item=item_id, superseded_by=None, undone_at=None).order_by("-pk").first()


def _bar(item: ReviewItem, *people: int | None) -> None:
    """Keep a case from who decided about its text before."""
    rows = [SetAside(item=item, user_id=pk, kind=SetAside.Kind.BARRED) for pk in set(people) if pk is not None]
    SetAside.objects.bulk_create(rows, ignore_conflicts=True)
