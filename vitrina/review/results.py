"""What the desk's functions give back: plain values, ready for a page or an API.

Belongs here: dataclasses without a database. Stays out: how they are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that a person holds. Of these, only the token and ``until`` are for an annotator's browser.

    Attributes:
        ahead: Fetched ahead, not on the screen yet.
        flip: Whether B of the table stands on the left.
        rationale: Whether reasons are to be asked for.
        fresh: Taken by this very call; false where the person held it already.
    """

    token: UUID
    item_id: int
    kind: str
    batch_id: int | None
    ahead: bool
    flip: bool
    rationale: bool
    until: datetime
    fresh: bool


@dataclass(frozen=True, slots=True)
class Nothing:
    """No item for this person now.

    Attributes:
        reason: ``done``, ``all-held`` (others hold the rest), ``paused`` (or closed), ``stopped`` (too many gold items
            answered wrong).
        retry_after: Seconds after which asking again makes sense; ``None``: it does not.
    """

    reason: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class PairView:
    """What an annotator may see of a pair. It names no version, no writer and no canonical side.

    Attributes:
        question: Language → the criterion as a question.
        onboarding: Feedback follows the answer.
    """

    token: UUID
    question: dict[str, str]
    facts: dict[str, Any]
    prompt: str
    language: str
    left: str
    right: str
    rationale: bool
    onboarding: bool
    guidelines_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an onboarding pair teaches. ``expected`` is as it was shown: left, right or tie."""

    right: bool
    expected: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it stands.

    Attributes:
        repeated: It stood already: the same token and answer came twice.
        feedback: Of onboarding pairs only.
    """

    decision_id: int
    item_id: int
    repeated: bool = False
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Where a batch stands. Gold and onboarding do not count as pairs.

    Attributes:
        votes: Standing votes; ``wanted`` is how many the pairs need.
        left: Pairs that still lack votes.
    """

    pairs: int
    done: int
    left: int
    flagged: int
    votes: int
    wanted: int
    held: int
    disputed: int
    annotators: int


@dataclass(frozen=True, slots=True)
class GoldStanding:
    """How a person answers the pairs whose answer is known. ``share`` is ``None`` before the first."""

    answered: int
    right: int
    share: float | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Whether every decision reached its consumer: ``decisions`` = ``consumed`` + ``pending`` + ``void``.

    Attributes:
        oldest_pending_seconds: Age of the oldest row that a consumer could have taken; ``None`` where there is none.
    """

    consumer: str
    decisions: int
    consumed: int
    pending: int
    void: int
    missing: int
    oldest_pending_seconds: float | None

    @property
    def balanced(self) -> bool:
        """Whether nothing is lost."""
        return self.missing == 0 and self.decisions == self.consumed + self.pending + self.void


@dataclass(frozen=True, slots=True)
class PairDraft:
    """Two texts of one product for a batch, in any order.

    Attributes:
        expected: For gold and onboarding: ``first``, ``second`` or ``tie``.
    """

    first: str
    second: str
    prompt: str = ""
    product_id: int | None = None
    first_version_id: int | None = None
    second_version_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    language: str = "ru"
    priority: int = 3
    certainty: float = 1.0
    expected: str = ""
    explanation: str = ""
