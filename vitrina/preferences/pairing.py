"""Pairs to compare: two texts of different writers for one product, sent to the desk.

Belongs here: from chosen products to pairs in a batch, and what was left out and why. Stays out: how the desk hides
who wrote what (``vitrina.review``), the texts (``candidates``), the choice of products (``selection``).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Count

from vitrina.config import Settings
from vitrina.content.facts import ProductFacts
from vitrina.errors import VitrinaError
from vitrina.llm.gateway import Gateway
from vitrina.preferences.candidates import facts_of, write_candidates
from vitrina.preferences.choosing import broken
from vitrina.preferences.contracts import plain, shown_facts
from vitrina.preferences.measuring import measuring_pairs
from vitrina.preferences.models import Candidate, PairOrigin
from vitrina.preferences.pair_records import Pair, PairsResult, near_duplicates
from vitrina.preferences.selection import (
    BEST_OF,
    LEAST_CERTAIN,
    Chosen,
    Scorer,
    choose_products,
    quotas,
)
from vitrina.preferences.sending import open_batch, room
from vitrina.preferences.writers import Writer, configured_writers, matched
from vitrina.review.batches import add_pairs
from vitrina.review.errors import NotDecidable
from vitrina.review.models import ResponsePair
from vitrina.review.pairs import NamesWriter, SameText, prepare
from vitrina.review.results import PairDraft
from vitrina.warehouse import copy_upsert

_log = logging.getLogger(__name__)

#: So many times the wanted products are tried for those of which a reward model is least certain.
OVERSAMPLED = 2


def make_pairs(
    settings: Settings,
    gateway: Gateway,
    *,
    scorer: Scorer | None = None,
    policy: Writer | None = None,
    served: Gateway | None = None,
    count: int | None = None,
    shares: Mapping[str, float] | None = None,
    run_id: str = "",
) -> PairsResult:
    """Choose products, have two texts written for each, and send the pairs to the desk.

    Args:
        settings: Shares, writers, contract, overlap and size of batches.
        gateway: Where writers are asked.
        scorer: A reward model; without one, the share of least certain products goes to the other reasons.
        policy: A promoted policy, which is one more writer.
        served: Where it is asked.
        count: Products; ``PAIR_PRODUCTS`` by default.
        shares: Reason → share; ``PAIR_SHARES`` by default.
        run_id: Kept with every row.
    """
    contract = settings.pair_contract
    count = count or settings.pair_products
    result = PairsResult()
    shares = dict(shares) if shares else {str(name): share for name, share in settings.pair_shares.items()}
    extra = 0
    if scorer is not None:
        extra = quotas(count, shares, scored=True)[LEAST_CERTAIN] * (OVERSAMPLED - 1)
    chosen = choose_products(count, shares, contract=contract, scored=scorer is not None, seed=_round(contract))
    # Not `count`, nor the pairs less `extra`: a small catalogue has fewer free products than either assumes.
    wanted = sum(one.reason != BEST_OF for one in chosen)
    if extra:
        mine = {one.product for one in chosen}
        more = choose_products(len(chosen) + extra, {LEAST_CERTAIN: 1.0}, contract=contract, scored=True)
        chosen += [one for one in more if one.product not in mine and one.reason == LEAST_CERTAIN][:extra]
    standing = [one for one in chosen if one.reason == BEST_OF]
    chosen = [one for one in chosen if one.reason != BEST_OF]
    writers = configured_writers(settings, embedded=gateway.config.embedded, model=gateway.config.model, policy=policy)
    orders = _orders(chosen, writers, contract)
    facts = facts_of([*orders, *(one.product for one in standing)], settings.language)
    result.texts = write_candidates(facts, orders, contract, gateway, served=served, run_id=run_id)
    pairs = written_pairs(chosen, orders, facts, contract, result)
    if scorer is not None:
        pairs = _least_certain(pairs, scorer, wanted)
    pairs += measuring_pairs(standing, facts, contract, result)
    send(pairs, facts, settings, result, run_id=run_id)
    return result


def send(
    pairs: Sequence[Pair],
    facts: Mapping[int, ProductFacts],
    settings: Settings,
    result: PairsResult,
    *,
    run_id: str,
    contract: str | None = None,
    series: str = "",
) -> None:
    """Put pairs into batches of the desk, and remember who wrote them: each batch in one transaction.

    Args:
        contract: Of the texts; ``PAIR_CONTRACT`` by default.
        series: Names batches of their own, as :func:`vitrina.preferences.sending.open_batch` takes it.
    """
    contract = contract or settings.pair_contract
    remaining = list(pairs)
    while remaining:
        with transaction.atomic():
            batch = open_batch(settings, contract, series=series)
            group, remaining = remaining[: room(batch, settings)], remaining[room(batch, settings) :]
            drafts = [_draft(pair, facts[pair.chosen.product]) for pair in group]
            usable = [(pair, draft) for pair, draft in zip(group, drafts, strict=True) if _comparable(draft, result)]
            filled = add_pairs(batch, [draft for _, draft in usable])
            _remember(usable, contract, run_id)
        result.pairs += filled.added
        result.repeated += filled.repeated
        if batch.name not in result.batches:
            result.batches.append(batch.name)
        for pair, draft in usable:
            result.chosen[pair.chosen.reason] += 1
            result.writers.update([pair.first.writer, pair.second.writer])
            if len(result.preview) < 5:
                result.preview.append((facts[pair.chosen.product].title, draft.first, draft.second))


def certainty(margin: float) -> float:
    """How sure a reward model is of a pair, 0 to 1, from the difference of its scores (Bradley-Terry)."""
    return abs(math.tanh(margin / 2))


def _round(contract: str) -> str:
    """The seed of random choices: how many pairs there are, so that a repeated run chooses as before."""
    return f"{contract}/{PairOrigin.objects.filter(contract=contract).count()}"


def _orders(chosen: Iterable[Chosen], writers: Sequence[Writer], contract: str) -> dict[int, tuple[Writer, Writer]]:
    products = [one.product for one in chosen]
    made = PairOrigin.objects.filter(pair__product__in=products, contract=contract).values_list("pair__product")
    numbers = dict(made.annotate(Count("pk")))
    return {pk: matched(writers, numbers.get(pk, 0), product=pk) for pk in products}


def written_pairs(
    chosen: Sequence[Chosen],
    orders: Mapping[int, Sequence[Writer]],
    facts: Mapping[int, ProductFacts],
    contract: str,
    result: PairsResult,
) -> list[Pair]:
    """The pairs of texts that stand by now, and in ``result`` why a product has none.

    Args:
        orders: Product → the two writers that were asked.
        result: Its ``texts`` are those that were asked for.
    """
    marks = result.texts.marks
    texts = {c.fingerprint: c for c in Candidate.objects.filter(fingerprint__in=list(marks.values()))}
    found = []
    for one in chosen:
        if one.product not in facts:
            result.left_out["not listed"] += 1
            continue
        first, second = (texts.get(marks[one.product, w.name, w.sample]) for w in orders[one.product])
        if first is None or second is None:
            result.left_out["no text"] += 1
        elif rule := broken(first) or broken(second):
            result.left_out[f"contract: {rule}"] += 1
        elif near_duplicates(first.text, second.text, contract):
            result.left_out["near-duplicates"] += 1
        else:
            found.append(Pair(one, first, second))
    return found


def _least_certain(pairs: Sequence[Pair], scorer: Scorer, wanted: int) -> list[Pair]:
    """Pairs with the model's certainty; of those chosen for it, the most certain ones are dropped.

    The texts are written and paid by now: a model that fails costs the order, not the pairs.
    """
    if not pairs:
        return []
    try:
        margins = scorer.margins([(pair.first.prompt, _plain(pair.first), _plain(pair.second)) for pair in pairs])
    except (VitrinaError, OSError) as error:
        _log.warning("Pairs go to the desk unordered, since the reward model failed: %s", error)
        return list(pairs[:wanted])
    rated = [
        Pair(pair.chosen, pair.first, pair.second, certainty(margin))
        for pair, margin in zip(pairs, margins, strict=True)
    ]
    asked = sorted((pair for pair in rated if pair.chosen.reason == LEAST_CERTAIN), key=lambda pair: pair.certainty)
    others = [pair for pair in rated if pair.chosen.reason != LEAST_CERTAIN]
    return [*others, *asked[: max(wanted - len(others), 0)]]


def _plain(candidate: Candidate) -> str:
    """The text as reward models were trained on it."""
    return plain(candidate.text, candidate.contract)


def _draft(pair: Pair, facts: ProductFacts) -> PairDraft:
    return PairDraft(
        pair.first.text, pair.second.text, prompt=pair.first.prompt, product_id=pair.chosen.product,
        facts=shown_facts(facts), language=facts.language, certainty=pair.certainty,
    )  # fmt: skip


def _comparable(draft: PairDraft, result: PairsResult) -> bool:
    try:
        prepare(draft)
    except (SameText, NamesWriter) as problem:
        result.left_out[problem.reason] += 1
    except NotDecidable:
        result.left_out["not comparable"] += 1
    else:
        return True
    return False


def _remember(pairs: Iterable[tuple[Pair, PairDraft]], contract: str, run_id: str) -> None:
    by_mark = {prepare(draft).fingerprint: pair for pair, draft in pairs}
    rows = []
    for standing in ResponsePair.objects.filter(fingerprint__in=list(by_mark)):
        pair = by_mark[standing.fingerprint]
        sides = (pair.first, pair.second) if standing.text_a == pair.first.text else (pair.second, pair.first)
        rows.append((standing.pk, sides[0].pk, sides[1].pk, contract, pair.chosen.reason, pair.choice, run_id))
    columns = ("pair", "candidate_a", "candidate_b", "contract", "chosen_for", "choice", "run_id")
    copy_upsert(PairOrigin, columns, rows, key=("pair",), compare=("pair",))
    # The two texts may have met before for another reason: what people said of them measures the choice as well.
    for row in rows:
        if row[5] is not None:
            PairOrigin.objects.filter(pair=row[0], choice=None).update(choice=row[5])
