"""Who decides the category: classifier, language model, person.

Belongs here: the decision and its confidence, as pure functions of plain values. Stays out: calling models, queues.

Three figures, named so everywhere: the *automatic threshold* (fitted in training; at or above it nobody is asked), the
answer's *confidence* (calibrated), the *review threshold* (below it a person decides).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from vitrina.categories.model import Prediction
from vitrina.categories.nearest import Neighbour

_ALTERNATIVES = 3

#: Language models say 0.9 more often than they are right in nine of ten; their own figure counts so much.
LLM_RELIABILITY = 0.8
#: Nearest categories alone are right at the first place in about 0.85 of easy titles and far less of hard ones. They
#: never reach the review threshold by themselves.
NEIGHBOUR_FLOOR, NEIGHBOUR_SPAN = 0.25, 0.4
#: How much of the nearest category's confidence counts as a witness beside others: it reads the same letters.
NEIGHBOUR_WITNESS = 0.5


class DecidedBy(StrEnum):
    """Whose answer it is; stored."""

    CLASSIFIER = "classifier"
    NEIGHBOURS = "neighbours"
    LLM = "llm"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``automatic`` is ``None`` where training had too few labels: then everything is asked."""

    automatic: float | None
    review: float = 0.75


@dataclass(frozen=True, slots=True)
class LlmAnswer:
    """A checked answer to the category prompt.

    Attributes:
        slug: Resolved in the tree; ``None`` when the model named no category of it.
        confidence: The model's own, 0…1.
        reliability: How far that figure counts (:data:`LLM_RELIABILITY`).
        alternatives: (slug, the model's confidence).
    """

    slug: str | None
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    reasoning: str = ""
    reliability: float = LLM_RELIABILITY


@dataclass(frozen=True, slots=True)
class CategoryDecision:
    """The outcome for one product.

    Attributes:
        slug: ``None`` when there is no candidate at all.
        confidence: Final, 0…1.
        alternatives: Next best (slug, confidence), at most three.
        asked: Whether a language model was asked.
        needs_person: Confidence is below the review threshold, or there is no category.
    """

    slug: str | None
    confidence: float
    decided_by: DecidedBy
    alternatives: tuple[tuple[str, float], ...]
    reasoning: str
    asked: bool
    needs_person: bool
    attributes: Mapping[str, str] = field(default_factory=dict)


def must_ask(prediction: Prediction | None, thresholds: Thresholds) -> bool:
    """Whether the classifier alone does not decide."""
    return prediction is None or thresholds.automatic is None or prediction.confidence < thresholds.automatic


def decide(
    prediction: Prediction | None,
    neighbours: Sequence[Neighbour],
    thresholds: Thresholds,
    ask: Callable[[], LlmAnswer | None] | None = None,
) -> CategoryDecision:
    """One product through the cascade.

    Args:
        prediction: ``None`` when there is no classifier.
        neighbours: Nearest categories, nearest first.
        ask: Called only when :func:`must_ask`; returns ``None`` when no usable answer came. Batches ask for all
            products first and then call :func:`settle`.
    """
    if prediction is not None and not must_ask(prediction, thresholds):
        return _decision(
            {prediction.slug: prediction.confidence, **dict(prediction.alternatives)},
            prediction.slug,
            DecidedBy.CLASSIFIER,
            f"The classifier is sure ({prediction.confidence:.2f} ≥ automatic threshold {thresholds.automatic:.2f}).",
            thresholds,
            asked=False,
        )
    answer = ask() if ask is not None else None
    return settle(prediction, neighbours, thresholds, answer, asked=ask is not None)


def settle(
    prediction: Prediction | None,
    neighbours: Sequence[Neighbour],
    thresholds: Thresholds,
    answer: LlmAnswer | None,
    *,
    asked: bool = True,
) -> CategoryDecision:
    """Weigh all that was said below the automatic threshold.

    Classifier, model and nearest category are witnesses. For one category, the doubts of its witnesses multiply; then
    what the other witnesses say of their own first choices speaks against it. A single witness keeps its figure.
    """
    votes = _votes(prediction, neighbours, answer)
    if not votes:
        return CategoryDecision(None, 0.0, DecidedBy.NOBODY, (), "Nothing is near enough.", asked, True)
    belief = {slug: _belief(slug, votes) for slug in votes}
    best = max(belief, key=lambda slug: (belief[slug], slug))
    by = max(votes[best], key=lambda witness: votes[best][witness])
    said = ", ".join(f"{witness} {share:.2f}" for witness, share in votes[best].items())
    words = answer.reasoning if answer is not None and answer.slug == best and answer.reasoning else ""
    reasoning = f"{words} [{said}]".strip()
    attributes = answer.attributes if answer is not None else {}
    return _decision(belief, best, by, reasoning, thresholds, asked=asked, attributes=attributes)


def neighbour_confidence(neighbours: Sequence[Neighbour]) -> float:
    """How far the nearest category is to be believed, from its lead over the second; 0 without neighbours."""
    if not neighbours or neighbours[0].similarity <= 0:
        return 0.0
    second = neighbours[1].similarity if len(neighbours) > 1 else 0.0
    return NEIGHBOUR_FLOOR + NEIGHBOUR_SPAN * (1.0 - second / neighbours[0].similarity)


def _votes(
    prediction: Prediction | None, neighbours: Sequence[Neighbour], answer: LlmAnswer | None
) -> dict[str, dict[DecidedBy, float]]:
    votes: dict[str, dict[DecidedBy, float]] = {}

    def vote(slug: str, witness: DecidedBy, share: float) -> None:
        if share > 0:
            votes.setdefault(slug, {})[witness] = min(share, 0.99)

    if prediction is not None:
        vote(prediction.slug, DecidedBy.CLASSIFIER, prediction.confidence)
        for slug, share in prediction.alternatives:
            vote(slug, DecidedBy.CLASSIFIER, share)
    if answer is not None and answer.slug is not None:
        vote(answer.slug, DecidedBy.LLM, min(max(answer.confidence, 0.0), 1.0) * answer.reliability)
    near = neighbour_confidence(neighbours)
    if near:
        weight = NEIGHBOUR_WITNESS if votes else 1.0
        vote(neighbours[0].slug, DecidedBy.NEIGHBOURS, near * weight)
    return votes


def _belief(slug: str, votes: Mapping[str, Mapping[DecidedBy, float]]) -> float:
    own = 1.0 - math.prod(1.0 - share for share in votes[slug].values())
    # A witness that gave this category a share has said all it knows of it there.
    against: dict[DecidedBy, float] = {}
    for other in votes.values():
        for witness, share in other.items():
            if witness not in votes[slug]:
                against[witness] = max(against.get(witness, 0.0), share)
    rival = 1.0 - math.prod(1.0 - share for share in against.values())
    return own * (1.0 - rival) / max(1.0 - own * rival, 1e-9)


def _decision(
    belief: Mapping[str, float],
    best: str,
    by: DecidedBy,
    reasoning: str,
    thresholds: Thresholds,
    *,
    asked: bool,
    attributes: Mapping[str, str] | None = None,
) -> CategoryDecision:
    others = sorted(
        ((slug, round(share, 4)) for slug, share in belief.items() if slug != best), key=lambda one: -one[1]
    )
    confidence = round(belief[best], 4)
    needs_person = confidence < thresholds.review
    return CategoryDecision(
        best, confidence, by, tuple(others[:_ALTERNATIVES]), reasoning, asked, needs_person, dict(attributes or {})
    )
