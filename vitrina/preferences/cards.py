"""Short cards of products: who needs one, having the candidates written, keeping the best.

Belongs here: selection by fingerprint, one pass over some products, the table of cards. Stays out: writers, contracts,
the choice (``choosing``). Candidates are in the ledger and in their table before they count: a killed run, started
again, asks for what is missing only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from vitrina.config import Settings
from vitrina.content.best_of import TextScorer
from vitrina.content.describing import input_hash
from vitrina.content.facts import ProductFacts
from vitrina.fingerprints import fingerprint
from vitrina.llm.config import EMBEDDED_MODEL
from vitrina.llm.gateway import Gateway
from vitrina.llm.wiring import gateway_config, open_gateway
from vitrina.preferences.candidates import Written, facts_of, write_candidates
from vitrina.preferences.choosing import Chosen, Tally, choose_candidates
from vitrina.preferences.contracts import CONTRACTS
from vitrina.preferences.models import Candidate, ProductCard
from vitrina.preferences.writers import Writer
from vitrina.warehouse import copy_upsert

CONTRACT = "card"
PURPOSE = "product_card"
_COLUMNS = (
    "product", "language", "candidate", "choice", "text", "writer", "fit", "input_hash", "fingerprint", "run_id",
)  # fmt: skip


@dataclass(slots=True)
class CardsResult:
    """Counts of one pass. ``busy`` products are worked on by another run."""

    wanted: int = 0
    unchanged: int = 0
    busy: int = 0
    made: int = 0
    missing: int = 0
    texts: Written = field(default_factory=Written)
    tally: Tally = field(default_factory=Tally)
    preview: list[tuple[str, str, str]] = field(default_factory=list)


def write_cards(
    product_ids: Sequence[int],
    gateway: Gateway,
    writers: Sequence[Writer],
    *,
    language: str,
    min_grounding: float,
    scorer: TextScorer | None = None,
    served: Gateway | None = None,
    refresh: bool = False,
    result: CardsResult | None = None,
    run_id: str = "",
) -> CardsResult:
    """Cards for the products that need one: each writer writes one candidate, the best is kept.

    Args:
        writers: Who writes, several samples of one writer included; the first stands where nothing can choose.
        scorer: A reward model trained on cards.
        served: Where writers are asked that ``serve-models`` answers.
        refresh: Also where only writers, prompt or reward model changed (a backfill).
        result: Counts of an earlier group to go on with.
    """
    result = result or CardsResult()
    facts = facts_of(product_ids, language)
    marks = {pk: _mark(one, writers, gateway.config.model, scorer, min_grounding) for pk, one in facts.items()}
    standing = {
        product: (inputs, full)
        for product, inputs, full in ProductCard.objects.filter(product__in=list(facts), language=language).values_list(
            "product_id", "input_hash", "fingerprint"
        )
    }
    wanted = {
        pk: one
        for pk, one in facts.items()
        if standing.get(pk, ("", ""))[0] != input_hash(one) or (refresh and standing[pk][1] != marks[pk])
    }
    result.wanted += len(wanted)
    result.unchanged += len(facts) - len(wanted)
    texts = write_candidates(
        wanted, dict.fromkeys(wanted, writers), CONTRACT, gateway, served=served, purpose=PURPOSE, run_id=run_id
    )
    _join(result.texts, texts)
    found = {c.fingerprint: c for c in Candidate.objects.filter(fingerprint__in=list(texts.marks.values()))}
    groups = {
        pk: [found[mark] for w in writers if (mark := texts.marks.get((pk, w.name, w.sample), "")) in found]
        for pk in wanted
        if pk not in texts.waiting  # nothing is chosen before the texts that are paid for have come
    }
    chosen = choose_candidates(groups, wanted, scorer, result.tally, min_grounding=min_grounding, run_id=run_id)
    # What a failing reward model left, or was chosen among too few, is chosen again by a backfill
    marks |= {pk: "" for pk, one in chosen.items() if one.unjudged or pk in texts.unfinished}
    _keep(chosen, wanted, marks, language, result, run_id)
    # A card of former facts is not shown where no new one could be written, and the next run writes it
    lost = [pk for pk in wanted if pk not in chosen and pk in standing and standing[pk][0] != input_hash(wanted[pk])]
    ProductCard.objects.filter(product__in=lost, language=language).update(fit=False, input_hash="", fingerprint="")
    return result


def _mark(
    facts: ProductFacts, writers: Sequence[Writer], model: str, scorer: TextScorer | None, min_grounding: float
) -> str:
    judge = scorer.model_id if scorer is not None and len(writers) > 1 else ""
    prompt = CONTRACTS[CONTRACT].prompt_version
    return fingerprint(facts.as_dict(), prompt, [writer.identity(model) for writer in writers], judge, min_grounding)


def _keep(
    chosen: Mapping[int, Chosen], facts: Mapping[int, ProductFacts], marks: Mapping[int, str], language: str,
    result: CardsResult, run_id: str,
) -> None:  # fmt: skip
    rows = [
        (product, language, one.candidate.pk, one.choice, one.candidate.text, one.candidate.writer, one.fit,
         input_hash(facts[product]), marks[product], run_id)
        for product, one in chosen.items()
    ]  # fmt: skip
    written = copy_upsert(
        ProductCard, _COLUMNS, rows, key=("product", "language"), compare=("candidate", "choice", "fit", "fingerprint")
    )
    result.made += written.inserted + written.updated
    result.missing += len(facts) - len(chosen)
    for product, one in chosen.items():
        if len(result.preview) < 5:
            result.preview.append((facts[product].title, one.candidate.text, one.candidate.writer))


def _join(total: Written, more: Written) -> None:
    """Counts alone: marks of a whole catalogue would stay in memory."""
    total.asked += more.asked
    total.answered += more.answered
    total.written += more.written
    total.standing += more.standing
    total.failed.update(more.failed)
    total.why = {**more.why, **total.why}
    total.pay(more.tokens, more.cost_usd)


@contextmanager
def card_gateway(settings: Settings, gateway: Gateway, *, run_id: str = "") -> Iterator[Gateway]:
    """Where cards are asked for: the embedded writer, which costs nothing, or with ``CARD_WRITER=model`` the given one.

    Args:
        gateway: That of full descriptions.
    """
    if settings.card_writer == "model" or gateway.config.embedded:
        yield gateway
        return
    config = replace(
        gateway_config(settings, run_id=run_id), base_url=None, api_key=None, model=EMBEDDED_MODEL, fallback_model=None
    )
    with open_gateway(settings, config=config) as embedded:
        yield embedded


def shown_cards(product_ids: Sequence[int], language: str) -> dict[int, str]:
    """Product → the card that may be shown."""
    rows = ProductCard.objects.filter(product__in=list(product_ids), language=language, fit=True)
    return dict(rows.values_list("product_id", "text"))
