"""Several people's votes on one pair become one preference.

Belongs here: pure functions from votes to outcome, margin and agreement. Stays out: tables (``collecting``), datasets.
Votes that all agree stand. Where people disagree, Dawid-Skene decides if there are labels enough to know the people by
and it is sure; else the most frequent answer, and where there is none the pair is split. Nothing is coin-flipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vitrina.statistics.dawid_skene import Consensus, dawid_skene

K = TypeVar("K", bound=Hashable)
LABELS = ("A", "B", "E")
#: Below this, confusion matrices are guesses: items with two votes or more, and people.
ENOUGH_ITEMS, ENOUGH_PEOPLE = 50, 3
#: Dawid-Skene decides a disputed pair from this probability on.
SURE = 0.7


@dataclass(frozen=True, slots=True)
class PairVote:
    """One person's answer about one pair, in the order of the table: ``A``, ``B`` or ``E``."""

    annotator: str
    choice: str
    both_bad: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the votes of a pair come to.

    Attributes:
        outcome: ``a``, ``b``, ``tie``, ``both_bad`` or ``split``.
        margin: Votes for the leading side minus those for the other, over all votes; ``None`` unless decided.
        agreement: Share of the outcome's votes.
        probability_a, probability_tied: Of Dawid-Skene, where it was run.
    """

    outcome: str
    votes_a: int
    votes_b: int
    votes_tied: int
    margin: float | None
    agreement: float
    probability_a: float | None = None
    probability_tied: float | None = None


def consensus(votes: Mapping[K, Sequence[PairVote]]) -> Consensus | None:
    """Dawid-Skene over all pairs; ``None`` where there are too few labels to know the people by."""
    several = sum(len(own) > 1 for own in votes.values())
    people = {vote.annotator for own in votes.values() for vote in own}
    if several < ENOUGH_ITEMS or len(people) < ENOUGH_PEOPLE:
        return None
    return dawid_skene(((pair, vote.annotator, vote.choice) for pair, own in votes.items() for vote in own), LABELS)


def aggregate(votes: Mapping[K, Sequence[PairVote]]) -> dict[K, Aggregate]:
    """Every pair with at least one vote."""
    found = consensus(votes)
    return {pair: _one(own, found.posterior[pair] if found else None) for pair, own in votes.items() if own}


def _one(votes: Sequence[PairVote], posterior: Sequence[float] | None) -> Aggregate:
    counts = Counter(vote.choice for vote in votes)
    choice = _decided(counts, posterior)
    bad = sum(vote.both_bad for vote in votes)
    outcome = {"A": "a", "B": "b", None: "split"}.get(choice, "both_bad" if 2 * bad > counts["E"] else "tie")
    margin = None
    if choice in {"A", "B"}:
        own, other = (counts["A"], counts["B"]) if choice == "A" else (counts["B"], counts["A"])
        margin = (own - other) / len(votes)
    leading = counts[choice] if choice is not None else max(counts.values())
    return Aggregate(
        outcome, counts["A"], counts["B"], counts["E"], margin, leading / len(votes),
        posterior[0] if posterior else None, posterior[2] if posterior else None,
    )  # fmt: skip


def _decided(counts: Counter[str], posterior: Sequence[float] | None) -> str | None:
    if len(counts) == 1:
        return next(iter(counts))
    if posterior is not None and max(posterior) >= SURE:
        likely = LABELS[max(range(len(LABELS)), key=posterior.__getitem__)]
        if likely in counts:  # never an answer that nobody gave
            return likely
    (first, most), (_, second) = counts.most_common(2)
    return first if most > second else None
