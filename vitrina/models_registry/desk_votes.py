"""What people said of a policy's texts beside those of the SFT model that it came from, or of other writers.

Belongs here: counting standing votes by the two sides, and the gate's rule over them. Stays out: making the pairs
(``vitrina.preferences.policy_pairs``), all other rules (``vitrina.policy.gates``). Votes are read from the desk and not
from preferences: what was voided a moment ago must not promote anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from vitrina.models_registry.models import RegisteredModel
from vitrina.policy.gates import PEOPLE, Votes, preferred
from vitrina.preferences.models import PairOrigin
from vitrina.preferences.selection import BEST_OF, GATE
from vitrina.review.models import Decision, ReviewItem
from vitrina.review.outbox import UNDO_WINDOW

_POLICY, _SFT, _TIE, _BOTH_BAD = "policy", "sft", "tie", "both_bad"


def origins_of(model_id: str, sft_model_id: str) -> QuerySet[PairOrigin]:
    """Pairs of the two models' texts, made for the gate."""
    ids = model_id, sft_model_id
    sides = [Q(candidate_a__trained_model=one, candidate_b__trained_model=other) for one, other in (ids, ids[::-1])]
    return PairOrigin.objects.filter(sides[0] | sides[1], chosen_for=GATE)


def votes_on(model_id: str, sft_model_id: str) -> Votes:
    """Votes that stand and can no longer be undone; gold pairs are not counted, nor a person's second answer."""
    return _votes(origins_of(model_id, sft_model_id), model_id)


def votes_beside_others(model_id: str, sft_model_id: str) -> Votes:
    """As :func:`votes_on`, of pairs with texts of all other writers; the other one's votes count as ``sft``.

    Pairs that measure best of n are left out: there a reward model put one of the two texts first.
    """
    mine = {model_id, sft_model_id}
    first = Q(candidate_a__trained_model=model_id) & ~Q(candidate_b__trained_model__in=mine)
    second = Q(candidate_b__trained_model=model_id) & ~Q(candidate_a__trained_model__in=mine)
    return _votes(PairOrigin.objects.filter(first | second).exclude(chosen_for=BEST_OF), model_id)


def _votes(origins: QuerySet[PairOrigin], model_id: str) -> Votes:
    found = origins.values_list("pair", "candidate_a__trained_model")
    sides = {pair: (_POLICY, _SFT) if first == model_id else (_SFT, _POLICY) for pair, first in found}
    return _counted(sides)


def _counted(sides: Mapping[int, tuple[str, str]]) -> Votes:
    """Votes on pairs of which it is known who wrote the first and the second text."""
    decisions = Decision.objects.filter(
        action="compare", item__part=ReviewItem.Part.WORK, item__pair__in=list(sides), decided_by__isnull=False,
        superseded_by=None, undone_at=None, voided_at=None, created_at__lte=datetime.now(UTC) - UNDO_WINDOW,
    )  # fmt: skip
    found: dict[int, Counter[str]] = defaultdict(Counter)
    people: set[tuple[int, int]] = set()
    rows = decisions.order_by("pk").values_list("item__pair", "decided_by", "choice", "tie_kind")
    for pair, person, choice, kind in rows.iterator(chunk_size=2000):
        if (pair, person) not in people:
            people.add((pair, person))
            first, second = sides[pair]
            tie = _BOTH_BAD if kind == _BOTH_BAD else _TIE
            found[pair][{"A": first, "B": second}.get(choice, tie)] += 1
    total = sum(found.values(), Counter())
    won = Counter(map(_outcome, found.values()))
    return Votes(total[_POLICY], total[_SFT], total[_TIE], total[_BOTH_BAD], (won[_POLICY], won[_SFT]))


def votes_of(row: RegisteredModel) -> Votes:
    """As :func:`votes_on`, of a registered policy."""
    return votes_on(row.model_id, str(row.manifest.get("sft_model_id", "")))


def rules_with(row: RegisteredModel, votes: Votes) -> list[dict[str, Any]]:
    """The gate's rules of a policy as they came out, that over votes as it comes out now."""
    rule = preferred(votes)
    return [each for each in row.rules if each["name"] != PEOPLE] + ([asdict(rule)] if rule is not None else [])


def judge_again(row: RegisteredModel) -> None:
    """Bring the rules of a policy to what people have said until now. One that was never judged stays so."""
    rules = rules_with(row, votes_of(row))
    if rules == row.rules:
        return
    row.rules, row.passed = rules, passed(rules)
    RegisteredModel.objects.filter(pk=row.pk).update(rules=row.rules, passed=row.passed, updated_at=Now())


def passed(rules: list[dict[str, Any]]) -> bool:
    """Whether a policy was judged, and every rule is met."""
    return any(rule["name"] != PEOPLE for rule in rules) and all(rule["passed"] for rule in rules)


def _outcome(votes: Counter[str]) -> str:
    """The text that has more votes than the other one and than ties; empty: people are split, or see no difference."""
    tied = votes[_TIE] + votes[_BOTH_BAD]
    for one, other in ((_POLICY, _SFT), (_SFT, _POLICY)):
        if votes[one] > max(votes[other], tied):
            return one
    return ""
