"""Pairs that measure best of n: what a reward model chose against a random other text of the same product.

Belongs here: drawing the other one. Stays out: the figure (``uplift``), sending pairs (``pairing``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from vitrina.content.describing import input_hash
from vitrina.content.facts import ProductFacts
from vitrina.preferences.models import ScoredCandidate
from vitrina.preferences.pair_records import Pair, PairsResult, near_duplicates
from vitrina.preferences.selection import Chosen, open_choices


def measuring_pairs(
    chosen: Sequence[Chosen], facts: Mapping[int, ProductFacts], contract: str, result: PairsResult
) -> list[Pair]:
    """For each product the text that a reward model chose, against a random other one that was fit to be chosen.

    Both texts stand already, so nobody is asked. The other one is drawn by the choice's own hash: a repeated run draws
    the same.
    """
    products = [one.product for one in chosen if one.product in facts]
    newest = {one.product_id: one for one in open_choices(contract).filter(product__in=products).order_by("pk")}
    texts: dict[int, list[ScoredCandidate]] = defaultdict(list)
    for option in ScoredCandidate.objects.filter(choice__in=newest.values(), fit=True).select_related("candidate"):
        texts[option.choice_id].append(option)
    found = []
    for one in chosen:
        choice = newest.get(one.product)
        if choice is None:
            result.left_out["not listed"] += 1
            continue
        best = next(option.candidate for option in texts[choice.pk] if option.chosen)
        if best.input_hash != input_hash(facts[one.product]):
            result.left_out["texts of former facts"] += 1
            continue
        others = [
            option.candidate
            for option in sorted(texts[choice.pk], key=lambda option: option.candidate.fingerprint)
            if not option.chosen and not near_duplicates(option.candidate.text, best.text, contract)
        ]
        if not others:
            result.left_out["near-duplicates"] += 1
            continue
        other = others[int(choice.fingerprint[:12], 16) % len(others)]
        found.append(Pair(one, best, other, choice=choice.pk))
    return found
