"""Candidate texts: having several writers write for one product, and keeping what they wrote.

Belongs here: which texts are still wanted, asking for them through the gateway, the table. Stays out: who writes
(``writers``), what a text must be (``contracts``), pairs. Answers are in the ledger before they count: a killed run,
started again, asks for what is missing only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from vitrina.catalog.models import Product
from vitrina.content.describing import input_hash
from vitrina.content.facts import ProductFacts
from vitrina.content.product_facts import product_facts
from vitrina.content.templates import category_sheets
from vitrina.fingerprints import fingerprint
from vitrina.llm.gateway import Gateway
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import UNFINISHED, ChatResult, Outcome
from vitrina.preferences.contracts import CONTRACTS, TextContract, prompt_text
from vitrina.preferences.models import Candidate
from vitrina.preferences.writers import Writer
from vitrina.warehouse import copy_upsert

PURPOSE = "pair_candidate"
_GROUP = 100
COLUMNS = (
    "product", "contract", "language", "writer", "trained_model", "model", "prompt_version", "temperature", "seed",
    "sample", "input_hash", "fingerprint", "prompt", "text", "text_hash", "violations", "request_key", "run_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """One text that is wanted."""

    facts: ProductFacts
    writer: Writer
    contract: TextContract
    fingerprint: str


@dataclass(slots=True)
class Written:
    """What asking came to. ``failed`` counts by outcome, ``why`` has one message for each.

    Attributes:
        unfinished: Products that lack a text which a later run may get; those of ``waiting`` have it in a batch.
        marks: (product, writer, sample) → fingerprint of the text that was wanted.
        cost_usd: Of what was asked now; ``None`` where a price is unknown.
    """

    asked: int = 0
    answered: int = 0
    written: int = 0
    standing: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)
    marks: dict[tuple[int, str, int], str] = field(default_factory=dict)
    unfinished: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    def add(self, other: Written) -> None:
        """What asking again came to, beside what stands here."""
        self.asked += other.asked
        self.answered += other.answered
        self.written += other.written
        self.standing += other.standing
        self.failed += other.failed
        self.why = {**other.why, **self.why}
        self.marks |= other.marks
        self.unfinished |= other.unfinished
        self.waiting |= other.waiting
        self.pay(other.tokens, other.cost_usd)

    def count(self, answer: ChatResult) -> None:
        """Add what an answer cost; one from the ledger costs nothing now."""
        if not answer.cached:
            self.pay(answer.usage.prompt + answer.usage.completion, answer.cost_usd)

    def pay(self, tokens: int, cost_usd: Decimal | None) -> None:
        """Add tokens and their price; one price that is unknown makes the sum unknown."""
        self.tokens += tokens
        self.cost_usd = None if self.cost_usd is None or cost_usd is None else self.cost_usd + cost_usd


def facts_of(product_ids: Iterable[int], language: str) -> dict[int, ProductFacts]:
    """Product id → what may be said of it."""
    found = Product.objects.filter(pk__in=list(product_ids), listed=True).select_related("category__category")
    return product_facts(found, category_sheets(language), language)


def write_candidates(
    facts: Mapping[int, ProductFacts],
    writers: Mapping[int, Sequence[Writer]],
    contract_name: str,
    gateway: Gateway,
    *,
    served: Gateway | None = None,
    purpose: str = PURPOSE,
    run_id: str = "",
) -> Written:
    """Have the texts written that do not stand yet.

    Args:
        facts: Product → facts.
        writers: Product → who is to write for it.
        contract_name: ``card`` or ``description``.
        gateway: Where writers are asked.
        served: Where those are asked that the ``serve-models`` process answers; without it they write nothing.
        purpose: Costs are summed by it.
        run_id: Kept with every row.
    """
    contract = CONTRACTS[contract_name]
    orders = list(_orders(facts, writers, contract, gateway.config.model))
    standing = _standing(order.fingerprint for order in orders)
    wanted = [order for order in orders if order.fingerprint not in standing]
    result = Written(asked=len(wanted), standing=len(orders) - len(wanted))
    result.marks = {(o.facts.product_id, o.writer.name, o.writer.sample): o.fingerprint for o in orders}
    for asked, mine in ((gateway, False), (served, True)):
        own = [order for order in wanted if bool(order.writer.trained) is mine]
        if asked is None or not own:
            continue
        group: list[ChatResult] = []
        for answer in asked.run((_request(order, purpose) for order in own), contract=contract.asking):
            group.append(answer)
            if len(group) >= _GROUP:
                _keep(group, result, run_id)
                group = []
        _keep(group, result, run_id)
    return result


def _orders(
    facts: Mapping[int, ProductFacts], writers: Mapping[int, Sequence[Writer]], contract: TextContract, model: str
) -> Iterator[Order]:
    for product, own in writers.items():
        if product in facts:
            for writer in own:
                mark = fingerprint(
                    facts[product].as_dict(), contract.name, contract.prompt_version, *writer.identity(model)
                )
                yield Order(facts[product], writer, contract, mark)


def _standing(marks: Iterable[str]) -> frozenset[str]:
    return frozenset(Candidate.objects.filter(fingerprint__in=list(marks)).values_list("fingerprint", flat=True))


def _request(order: Order, purpose: str) -> ChatRequest:
    writer, contract = order.writer, order.contract
    return ChatRequest(
        messages=contract.messages(order.facts),
        purpose=purpose,
        item_id=str(order.facts.product_id),
        model=writer.model,
        temperature=writer.temperature,
        max_tokens=contract.max_tokens,
        schema=contract.schema(),
        schema_name=contract.schema_name,
        sample=writer.sample,
        extra={"seed": writer.seed} if writer.seed else {},
        context=order,
    )


def _keep(answers: Sequence[ChatResult], result: Written, run_id: str) -> None:
    rows = []
    for answer in answers:
        order: Order = answer.request.context
        result.count(answer)
        if not answer.ok:
            outcome = str(answer.outcome)
            result.failed[outcome] += 1
            result.why.setdefault(outcome, answer.error or "; ".join(answer.problems))
            if answer.outcome in UNFINISHED:
                result.unfinished.add(order.facts.product_id)
            if answer.outcome is Outcome.PENDING:
                result.waiting.add(order.facts.product_id)
            continue
        result.answered += 1
        rows.append(_row(answer, order, run_id))
    written = copy_upsert(Candidate, COLUMNS, rows, key=("fingerprint",), compare=("fingerprint",))
    result.written += written.inserted
    result.standing += written.unchanged


def _row(answer: ChatResult, order: Order, run_id: str) -> tuple[Any, ...]:
    facts, writer, contract = order.facts, order.writer, order.contract
    text = contract.text(answer.parsed)
    broken = [asdict(violation) for violation in contract.violations(answer.parsed)]
    return (
        facts.product_id, contract.name, facts.language, writer.name, writer.trained, answer.model,
        contract.prompt_version, writer.temperature, writer.seed, writer.sample, input_hash(facts), order.fingerprint,
        prompt_text(facts, contract.name), text, fingerprint(text), broken, answer.key, run_id,
    )  # fmt: skip
