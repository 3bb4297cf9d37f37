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

RANDOM, ROUND_1, ROUND_2, JOINED, ORACLE = (
    "random candidate", "round 1, best of n", "round 2, best of n", "round 2, the policy one of the writers",
    "the rubric itself, best of n",
)  # fmt: skip
SFT, POLICY = "SFT alone", "policy alone"
#: In this order they are shown.
NAMES = (RANDOM, ROUND_1, ROUND_2, JOINED, SFT, POLICY, ORACLE)
#: What is compared, product by product.
COMPARED = (
    (ROUND_1, RANDOM), (ROUND_2, ROUND_1), (JOINED, ROUND_2), (POLICY, SFT), (POLICY, ROUND_2), (ORACLE, ROUND_2),
)  # fmt: skip


@dataclass(slots=True)
class Texts:
    """Facts as people see them, and texts by way of choosing: name → product → text."""

    facts: dict[int, Mapping[str, str]] = field(default_factory=dict)
    texts: dict[str, dict[int, str]] = field(default_factory=dict)
    #: Writer → how often its text was the choice, where the policy was one of them.
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
    found: dict[str, dict[int, str]] = {name: {} for name in (RANDOM, ROUND_1, ROUND_2, JOINED, ORACLE)}
    first, second = _choices(products, models[0]), _choices(products, models[1])
    joined = any(len(own) > 1 for own in second.values())
    for product in sorted(set(first) & set(second)):
        one, other, last = first[product][0], second[product][0], second[product][-1]
        pool = sorted((option.candidate for option in one.options.all()), key=lambda candidate: candidate.pk)
        facts = result.facts[product]
        found[RANDOM][product] = random.Random(f"{seed}/{product}").choice(pool).text  # noqa: S311
        found[ROUND_1][product] = one.chosen.text
        found[ROUND_2][product] = other.chosen.text
        found[ORACLE][product] = max((candidate.text for candidate in pool), key=lambda text: score(facts, text))
        if joined:
            found[JOINED][product] = last.chosen.text
            result.chosen[last.chosen.writer] = result.chosen.get(last.chosen.writer, 0) + 1
    result.texts = {**found, **{name: dict(own) for name, own in (alone or {}).items()}}
    return result


def _choices(products: Sequence[int], scorer: str) -> dict[int, list[Any]]:
    """Product → the choices that this reward model made, in their order: later ones have the policy's texts, too."""
    from vitrina.preferences.models import Choice

    rows = (
        Choice.objects.filter(product__in=list(products), contract="card", scorer=scorer)
        .select_related("chosen")
        .prefetch_related("options__candidate")
        .order_by("pk")
    )
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append(row)
    return found
