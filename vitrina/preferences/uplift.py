"""What best of n is worth to people: how often they prefer the chosen text to a random other one.

Belongs here: the figure, by contract and by the model that chose. Stays out: making the pairs (``pairing``), plots.
A share of 0.5 means that the model might as well have drawn lots.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from vitrina.preferences.models import Preference
from vitrina.statistics.intervals import Interval, Undefined, wilson


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people said of one pair of chosen and other.

    Attributes:
        outcome: ``chosen``, ``other``, ``tie``, ``both_bad`` or ``split``.
        votes: For the chosen, for the other.
    """

    contract: str
    scorer: str
    scorer_kind: str
    outcome: str
    votes: tuple[int, int]


@dataclass(slots=True)
class Uplift:
    """The figure for one group of pairs.

    Attributes:
        share: Of decided pairs in which the chosen text won, with its interval.
        votes: The same over single votes: those on one pair lean on each other, so the interval is too narrow.
    """

    share: Interval | Undefined
    votes: Interval | Undefined
    outcomes: Counter[str] = field(default_factory=Counter)


def verdicts() -> list[Verdict]:
    """All pairs that measure a choice and that people have judged."""
    rows = Preference.objects.filter(
        source=Preference.Source.VOTES, pair__origin__choice__isnull=False
    ).values_list(
        "contract", "outcome", "votes_a", "votes_b", "pair__origin__candidate_a", "pair__origin__candidate_b",
        "pair__origin__choice__chosen", "pair__origin__choice__scorer", "pair__origin__choice__scorer_kind",
    )  # fmt: skip
    found = []
    for contract, outcome, votes_a, votes_b, first, second, chosen, scorer, kind in rows.order_by("pk"):
        if chosen not in (first, second):
            continue  # the pair of an older choice of the same texts
        is_a = chosen == first
        named = {"a": "chosen" if is_a else "other", "b": "other" if is_a else "chosen"}.get(outcome, outcome)
        votes = (votes_a, votes_b) if is_a else (votes_b, votes_a)
        found.append(Verdict(contract, scorer, kind, named, votes))
    return found


def uplift(found: Iterable[Verdict]) -> Uplift:
    """The figure over some pairs. Ties and undecided pairs are counted apart and are in no share."""
    found = list(found)
    outcomes = Counter(one.outcome for one in found)
    won = sum(one.votes[0] for one in found)
    return Uplift(
        share=wilson(outcomes["chosen"], outcomes["chosen"] + outcomes["other"]),
        votes=wilson(won, won + sum(one.votes[1] for one in found)),
        outcomes=outcomes,
    )


def by_group(found: Iterable[Verdict]) -> dict[str, Uplift]:
    """``card, linear 1a2b3c4d`` → the figure of what that model chose; ``card`` → of all models."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for one in found:
        groups[one.contract].append(one)
        groups[f"{one.contract}, {one.scorer_kind} {one.scorer[:8]}"].append(one)
    return {name: uplift(own) for name, own in sorted(groups.items())}
