"""Whether a text may be published by itself: the verdict of moderation.

Belongs here: what is judged (:class:`ModerationContext`), the verdict, and the bounds of a price change. Stays out:
the rules one by one (``moderation_rules``), writing review rows, anything with a database.

Priorities follow the review queue: 1 is the most urgent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from vitrina.content.contract import Description, Violation
from vitrina.content.duplicates import Duplicate
from vitrina.content.facts import ProductFacts

#: ±40 %: a sale passes, a lost or a gained digit does not.
PRICE_CHANGE = Decimal("0.40")


class GroundingResult(Protocol):
    """What moderation reads of a grounding check (``vitrina.content.grounding``)."""

    @property
    def score(self) -> float: ...

    @property
    def findings(self) -> Sequence[Any]: ...


@dataclass(slots=True, frozen=True)
class Thresholds:
    """The settings of moderation.

    Attributes:
        review_confidence: Categories below this final confidence are looked at by a person (CAT-10).
        price_min_rub: Cheaper goods are looked at (CAT-10).
        text_min: Characters below which a description is too short to stand (CAT-10).
        price_change: Largest relative change of a price that is applied without a person: 0.4 is ±40 %.
    """

    review_confidence: float = 0.75
    price_min_rub: Decimal = Decimal(100)
    text_min: int = 100
    price_change: Decimal = PRICE_CHANGE


@dataclass(slots=True, frozen=True)
class ModerationContext:
    """All that the rules look at.

    Attributes:
        description: ``None`` when none could be made.
        text: Plain text of the description as a buyer reads it.
        grounding: ``None`` when there was nothing to check.
        violations: Of :func:`vitrina.content.contract.violations`.
        category_confidence: Final calibrated confidence, ``None`` without a category.
        category_needs_review: The category is marked so (prescription and medical goods).
        price_rub: In roubles after conversion, ``None`` when unknown.
        price_note: Why it is unknown, as the feed said.
        duplicates: Near-duplicate texts of other products.
        picture_conflict: Lines that say how the pictures contradict the text; empty without pictures.
    """

    facts: ProductFacts
    description: Description | None = None
    text: str = ""
    grounding: GroundingResult | None = None
    violations: Sequence[Violation] = ()
    category_confidence: float | None = None
    category_needs_review: bool = False
    price_rub: Decimal | None = None
    price_note: str | None = None
    duplicates: Sequence[Duplicate] = ()
    picture_conflict: Sequence[str] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(slots=True, frozen=True)
class Rule:
    """One reason to ask a person. ``check`` gives the details found; none means that the rule is silent."""

    name: str
    priority: int
    ru: str
    en: str
    check: Callable[[ModerationContext], list[str]]


@dataclass(slots=True, frozen=True)
class Reason:
    """A rule that spoke, with what it saw."""

    rule: str
    priority: int
    message_ru: str
    message_en: str
    details: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the ``reasons`` column of a review row."""
        return {
            "rule": self.rule,
            "priority": self.priority,
            "message_ru": self.message_ru,
            "message_en": self.message_en,
            "details": list(self.details),
        }


@dataclass(slots=True, frozen=True)
class Verdict:
    """``approved`` without reasons; else the reasons, most urgent first, and the most urgent priority."""

    approved: bool
    reasons: tuple[Reason, ...] = ()
    priority: int | None = None


def decide(context: ModerationContext, rules: Sequence[Rule]) -> Verdict:
    """Ask every rule; the platform's stand in :mod:`vitrina.content.moderation_rules`."""
    reasons = [
        Reason(rule.name, rule.priority, rule.ru, rule.en, tuple(details))
        for rule in rules
        if (details := rule.check(context))
    ]
    reasons.sort(key=lambda reason: reason.priority)
    return Verdict(not reasons, tuple(reasons), reasons[0].priority if reasons else None)


def price_change_allowed(old: Decimal | None, new: Decimal | None, bounds: Decimal = PRICE_CHANGE) -> Reason | None:
    """Whether a new price alone may go to a published product.

    Args:
        old, new: In the same currency; ``None`` when unknown.
        bounds: Largest relative change, 0.4 for ±40 % of the old price.

    Returns:
        ``None`` when it may; else the reason for a person. A first price may; a price that vanishes or is not
        positive may not.
    """
    message = ("Цена изменилась больше, чем разрешено без проверки", "The price changed more than may pass unseen")
    if new is None or new <= 0:
        return Reason("price_lost", 2, "Цена пропала", "The price is gone", (f"{old} → {new}",))
    if old is None or old <= 0:
        return None
    change = (new - old) / old
    if abs(change) <= bounds:
        return None
    return Reason("price_change", 2, *message, (f"{old} → {new} ({change:+.0%})",))
