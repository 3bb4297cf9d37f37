"""Best of n for full descriptions: answers of the model become candidates, and the reward model chooses.

Belongs here: joining ``vitrina.content.describing`` with the candidates and choices of this package. Stays out: both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vitrina.content.best_of import TextScorer
from vitrina.content.best_of_answers import BestOf, Place
from vitrina.content.keeping import Order
from vitrina.fingerprints import fingerprint
from vitrina.llm.gateway import Gateway
from vitrina.llm.outcomes import ChatResult
from vitrina.preferences.candidates import COLUMNS
from vitrina.preferences.choosing import Tally, choose_candidates
from vitrina.preferences.contracts import CONTRACTS, prompt_text
from vitrina.preferences.models import Candidate
from vitrina.preferences.writers import Writer, sampled
from vitrina.warehouse import copy_upsert

CONTRACT = "description"


def best_descriptions(
    count: int, gateway: Gateway, scorer: TextScorer | None, tally: Tally, *, min_grounding: float
) -> BestOf | None:
    """What ``describe`` needs to write ``count`` texts for each product and keep one; ``None`` for one text.

    A trained policy never writes here: full descriptions are for pretrained models.
    """
    if count < 2:
        return None
    writers = sampled(count, embedded=gateway.config.embedded, model=gateway.config.model)

    def choose(groups: Sequence[Sequence[ChatResult]], run_id: str) -> Sequence[Place]:
        return _choose(groups, writers, scorer, tally, min_grounding, run_id)

    judge = scorer.model_id if scorer is not None else ""
    return BestOf(count, gateway.config.embedded, judge, min_grounding, choose)


def _choose(
    groups: Sequence[Sequence[ChatResult]],
    writers: Sequence[Writer],
    scorer: TextScorer | None,
    tally: Tally,
    min_grounding: float,
    run_id: str,
) -> list[Place]:
    """Keep every candidate, and choose one of each product; its place among the given ones."""
    rows = [_row(answer, writers[answer.request.sample], run_id) for group in groups for answer in group]
    copy_upsert(Candidate, COLUMNS, rows, key=("fingerprint",), compare=("fingerprint",))
    marks = [[_mark(answer) for answer in group] for group in groups]
    found = {c.fingerprint: c for c in Candidate.objects.filter(fingerprint__in=[m for own in marks for m in own])}
    facts = {group[0].request.context.facts.product_id: group[0].request.context.facts for group in groups}
    candidates = {product: [found[mark] for mark in own] for product, own in zip(facts, marks, strict=True)}
    chosen = choose_candidates(candidates, facts, scorer, tally, min_grounding=min_grounding, run_id=run_id)
    return [
        Place(own.index(chosen[product].candidate.fingerprint), unjudged=chosen[product].unjudged)
        for product, own in zip(facts, marks, strict=True)
    ]


def _mark(answer: ChatResult) -> str:
    order: Order = answer.request.context
    return fingerprint("best_of", order.input_hash, answer.key, answer.text)


def _row(answer: ChatResult, writer: Writer, run_id: str) -> tuple[Any, ...]:
    order: Order = answer.request.context
    facts, contract = order.facts, CONTRACTS[CONTRACT]
    text = contract.text(answer.parsed)
    broken = [asdict(violation) for violation in contract.violations(answer.parsed)]
    return (
        facts.product_id, CONTRACT, facts.language, writer.name, writer.trained, answer.model, contract.prompt_version,
        answer.request.temperature, writer.seed, answer.request.sample, order.input_hash, _mark(answer),
        prompt_text(facts, CONTRACT), text, fingerprint(text), broken, answer.key, run_id,
    )  # fmt: skip
