"""The texts that are measured, read from the platform's tables once everything is made.

Belongs here: which text of a product stands for which way of choosing. Stays out: points (``rubric``), intervals
(``measures``). Every text is one that the platform wrote and kept; nothing is written here.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulation.rubric import score

RANDOM, ROUND_1, ROUND_2, SAME, ORACLE = (
    "random candidate", "round 1, best of n", "round 2, best of n", "round 2, candidates of round 1",
    "the rubric itself, best of n",
)  # fmt: skip
SFT, POLICY = "SFT alone", "policy alone"
#: In this order they are shown.
NAMES = (RANDOM, ROUND_1, SAME, ROUND_2, SFT, POLICY, ORACLE)
#: What is compared, product by product.
COMPARED = (
    (ROUND_1, RANDOM), (ROUND_2, ROUND_1), (SAME, ROUND_1), (POLICY, SFT), (POLICY, ROUND_1), (ORACLE, ROUND_2),
)  # fmt: skip


@dataclass(slots=True)
class Texts:
    """Facts as people see them, and texts by way of choosing: name → product → text."""

    facts: dict[int, Mapping[str, str]] = field(default_factory=dict)
    texts: dict[str, dict[int, str]] = field(default_factory=dict)
    #: Writer → how often its text was the choice of round 2.
    chosen: dict[str, int] = field(default_factory=dict)

    def points(self) -> tuple[list[int], dict[str, list[float]]]:
        """Products that every way has a text for, and the points of each way in their order."""
        named = {name: own for name, own in self.texts.items() if own}
        common = sorted(set.intersection(*(set(own) for own in named.values()))) if named else []
        return common, {
            name: [score(self.facts[product], own[product]) for product in common] for name, own in named.items()
        }


def read_texts(
    products: Sequence[int], models: tuple[str, str], language: str, *, seed: int,
    alone: Mapping[str, Mapping[int, str]] | None = None,
) -> Texts:  # fmt: skip
    """Read the choices that were made among the candidates of these products.

    Args:
        products: Held-out ones.
        models: Ids of the reward models of round 1 and 2.
        language: Of the facts.
        seed: Of the random choice.
        alone: Texts of models that write, without any choice: name → product → text.
    """
    from vitrina.preferences.candidates import facts_of
    from vitrina.preferences.contracts import shown_facts

    result = Texts(facts={pk: shown_facts(facts) for pk, facts in facts_of(products, language).items()})
    found: dict[str, dict[int, str]] = {name: {} for name in (RANDOM, ROUND_1, ROUND_2, SAME, ORACLE)}
    first = _choices(products, models[0])
    second = _choices(products, models[1])
    for product in sorted(set(first) & set(second)):
        pool = [option.candidate for option in first[product].options.all()]
        pool.sort(key=lambda candidate: candidate.pk)
        among = {candidate.pk for candidate in pool}
        scored = [option for option in second[product].options.all() if option.candidate_id in among]
        facts = result.facts[product]
        found[RANDOM][product] = random.Random(f"{seed}/{product}").choice(pool).text  # noqa: S311
        found[ROUND_1][product] = first[product].chosen.text
        found[ROUND_2][product] = second[product].chosen.text
        best = max(scored, key=lambda option: (option.fit, option.score if option.score is not None else float("-inf")))
        found[SAME][product] = best.candidate.text
        found[ORACLE][product] = max(
            (option.candidate.text for option in second[product].options.all()), key=lambda text: score(facts, text)
        )
        writer = second[product].chosen.writer
        result.chosen[writer] = result.chosen.get(writer, 0) + 1
    result.texts = {**found, **{name: dict(own) for name, own in (alone or {}).items()}}
    return result


def _choices(products: Sequence[int], scorer: str) -> dict[int, Any]:
    """Product → the newest choice that this reward model made."""
    from vitrina.preferences.models import Choice

    rows = (
        Choice.objects.filter(product__in=list(products), contract="card", scorer=scorer)
        .select_related("chosen")
        .prefetch_related("options__candidate")
        .order_by("pk")
    )
    return {row.product_id: row for row in rows}
