"""The category of each product: the cascade over tables, index and gateway.

Belongs here: who is asked, keeping decisions. Stays out: the cascade's arithmetic, prompts, training.
A category that a person decided stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from vitrina.catalog.models import Product
from vitrina.categories import category_prompt
from vitrina.categories.cascade import CategoryDecision, LlmAnswer, Thresholds, decide, must_ask, settle
from vitrina.categories.model import CategoryModel, Prediction
from vitrina.categories.models import Category, ProductCategory
from vitrina.categories.nearest import Neighbour
from vitrina.categories.tree import CategoryTree
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ProcessingLog
from vitrina.content.product_facts import product_facts
from vitrina.fingerprints import fingerprint
from vitrina.llm.gateway import Gateway, Progress
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import UNFINISHED, ChatResult, Outcome
from vitrina.llm.structured import Contract, InvalidAnswerError
from vitrina.vectors.index import CATEGORIES, VectorIndex
from vitrina.vectors.searching import nearest
from vitrina.warehouse import copy_upsert

_GROUP = 200
#: Nobody answered: the question is still open.
_NO_ANSWER = UNFINISHED | {Outcome.PERMANENT}


@dataclass(slots=True)
class CategoriseResult:
    """Counts of one pass. ``busy`` products are worked on by another run."""

    looked_at: int = 0
    unchanged: int = 0
    busy: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)
    needs_person: int = 0
    cost_usd: Decimal | None = Decimal(0)
    automatic_threshold: float | None = None
    confidences: list[float] = field(default_factory=list)
    preview: list[tuple[str, str, float, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Case:
    facts: ProductFacts
    hint: str | None
    prediction: Prediction | None
    neighbours: list[Neighbour]
    fingerprint: str


def input_fingerprint(facts: ProductFacts, hint: str | None) -> str:
    """Of what the product itself says; models and prompts reach decided products by a backfill only."""
    return fingerprint(facts.title, facts.brand, facts.description, hint, dict(facts.attributes))


def categorise(
    product_ids: Sequence[int],
    *,
    tree: CategoryTree,
    model: CategoryModel | None,
    index: VectorIndex,
    gateway: Gateway,
    review_threshold: float,
    result: CategoriseResult | None = None,
    refresh: bool = False,
    run_id: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> CategoriseResult:
    """Decide the category of the products whose decision is missing or overtaken.

    Args:
        product_ids: Products to look at.
        tree: The active tree; a product whose category left it is decided anew.
        model: ``None`` before the first training: then everything is asked.
        index: Holds the collection of categories.
        gateway: Asked only below the automatic threshold.
        review_threshold: Below this final confidence a person decides.
        result: Counts of an earlier group to go on with.
        refresh: Decide again what stands but for people's decisions (a backfill).
    """
    thresholds = Thresholds(model.automatic_threshold if model is not None else None, review_threshold)
    result = result or CategoriseResult()
    result.automatic_threshold = thresholds.automatic
    maker = "+".join([f"classifier:{model.fit_hash[:12]}" if model is not None else "no classifier",
                      category_prompt.prompt_version(), gateway.config.model])  # fmt: skip
    cases = _cases(product_ids, tree, model, index, refresh, maker, gateway.config.mode, result)
    keeper = _Keeper(tree, maker, run_id, result)
    questions: list[_Case] = []
    for case in cases:
        if must_ask(case.prediction, thresholds):
            questions.append(case)
        else:
            keeper.add(case, decide(case.prediction, case.neighbours, thresholds), None)
    result.asked += len(questions)
    contract = Contract(validate=lambda request, data: _validate(request, data, tree))
    requests = (_request(case, tree) for case in questions)
    for answer in gateway.run(requests, contract=contract, progress=progress):
        case = answer.request.context
        parsed: LlmAnswer | None = answer.parsed if answer.ok else None
        keeper.add(case, settle(case.prediction, case.neighbours, thresholds, parsed), answer)
    keeper.flush()
    return result


def _cases(
    product_ids: Sequence[int],
    tree: CategoryTree,
    model: CategoryModel | None,
    index: VectorIndex,
    refresh: bool,
    maker: str,
    mode: str,
    result: CategoriseResult,
) -> list[_Case]:
    products = {p.pk: p for p in Product.objects.filter(pk__in=product_ids, listed=True)}
    # Facts without a category: the decision must not depend on the one before it.
    facts = product_facts((_undecided(p) for p in products.values()), {}, "ru")
    standing = {
        row.product_id: row
        for row in ProductCategory.objects.filter(product__in=product_ids).select_related("category")
    }
    wanted: list[tuple[ProductFacts, str | None, str]] = []
    result.looked_at += len(facts)
    for pk, item in facts.items():
        hint = products[pk].category_hint
        mark = input_fingerprint(item, hint)
        row = standing.get(pk)
        person = row is not None and row.decided_by == ProductCategory.DecidedBy.PERSON
        stands = row is not None and row.fingerprint == mark and row.category is not None and row.category.slug in tree
        if person or (stands and not (refresh and row is not None and row.maker != maker)):
            result.unchanged += 1
        else:
            wanted.append((item, hint, mark))
    titles = [item.title for item, _, _ in wanted]
    predictions: list[Prediction | None] = [None] * len(titles)
    if model is not None and titles:
        predictions = list(model.predict(titles))
    queries = [f"{category_prompt.query_text(item)}. {hint or ''}" for item, hint, _ in wanted]
    hits = nearest(CATEGORIES, queries, index, k=category_prompt.SEARCHED, where={"leaf": True}, mode=mode)
    return [
        _Case(item, hint, prediction, _neighbours(found, tree), mark)
        for (item, hint, mark), prediction, found in zip(wanted, predictions, hits, strict=True)
    ]


def _undecided(product: Product) -> Product:
    """The product without its category, so that ``product_facts`` reads none."""
    product._state.fields_cache["category"] = None
    return product


def _neighbours(hits: Sequence[Any], tree: CategoryTree) -> list[Neighbour]:
    """Hits as neighbours. The overlap of sparse vectors has no upper bound: one scale a search keeps the ratios."""
    best = max((hit.score for hit in hits), default=0.0)
    return [Neighbour(hit.key, round(hit.score / (1.0 + best), 4)) for hit in hits if hit.key in tree and hit.score > 0]


def _request(case: _Case, tree: CategoryTree) -> ChatRequest:
    return ChatRequest(
        messages=category_prompt.build_messages(case.facts, case.neighbours, tree),
        purpose=category_prompt.PURPOSE,
        item_id=str(case.facts.product_id),
        temperature=category_prompt.TEMPERATURE,
        max_tokens=category_prompt.MAX_TOKENS,
        schema=category_prompt.schema(),
        schema_name=category_prompt.SCHEMA_NAME,
        context=case,
    )


def _validate(request: ChatRequest, data: Any, tree: CategoryTree) -> LlmAnswer:
    try:
        return category_prompt.read_answer(data, request.context.facts.product_id, tree)
    except ValueError as error:
        raise InvalidAnswerError([str(error)]) from error


class _Keeper:
    """Writes decisions in groups, so that a killed run keeps what it has."""

    def __init__(self, tree: CategoryTree, maker: str, run_id: str, result: CategoriseResult) -> None:
        self._ids: Mapping[str, int] = dict(Category.objects.values_list("slug", "id"))
        self._tree, self._maker, self._run_id, self._result = tree, maker, run_id, result
        self._rows: list[tuple[Any, ...]] = []
        self._logs: list[ProcessingLog] = []

    def add(self, case: _Case, decision: CategoryDecision, answer: ChatResult | None) -> None:
        result = self._result
        result.decided[str(decision.decided_by)] += 1
        result.needs_person += decision.needs_person
        result.confidences.append(decision.confidence)
        if len(result.preview) < 12:
            path = self._tree.path(decision.slug) if decision.slug else "—"
            result.preview.append((case.facts.title, path, decision.confidence, str(decision.decided_by)))
        # Without an answer the decision stands for now and is made again by the next pass.
        mark = "" if answer is not None and answer.outcome in _NO_ANSWER else case.fingerprint
        self._rows.append(
            (
                case.facts.product_id, self._ids.get(decision.slug or ""), decision.confidence,
                str(decision.decided_by),
                [{"slug": slug, "confidence": share} for slug, share in decision.alternatives],
                dict(decision.attributes), decision.reasoning, mark, self._maker[:200], self._run_id,
            )
        )  # fmt: skip
        if answer is not None:
            self._log(case, decision, answer)
        if len(self._rows) >= _GROUP:
            self.flush()

    def _log(self, case: _Case, decision: CategoryDecision, answer: ChatResult) -> None:
        self._result.answered += answer.ok
        if not answer.ok:
            self._result.failed[str(answer.outcome)] += 1
            self._result.why.setdefault(str(answer.outcome), answer.error or "")
        if not answer.cached and self._result.cost_usd is not None:
            known = answer.cost_usd
            self._result.cost_usd = None if known is None else self._result.cost_usd + known
        found = asdict(decision) | {"decided_by": str(decision.decided_by), "attributes": dict(decision.attributes)}
        self._logs.append(
            ProcessingLog(
                product_id=case.facts.product_id,
                processing_type=ProcessingLog.Type.CATEGORIZATION_ONLY,
                # The cascade goes on without an answer, so a failed question is a remark and no failure of the product.
                status=ProcessingLog.Status.COMPLETED,
                input_data=case.facts.as_dict(),
                result=found,
                extracted_attributes=dict(decision.attributes),
                model=answer.model,
                prompt_tokens=answer.usage.prompt,
                completion_tokens=answer.usage.completion,
                cost_usd=answer.cost_usd,
                processing_time_ms=answer.latency_ms,
                request_keys=[answer.key],
                error_class="" if answer.ok else str(answer.outcome),
                error_message="" if answer.ok else (answer.error or "; ".join(answer.problems)),
                run_id=self._run_id,
                completed_at=datetime.now(UTC),
            )
        )

    def flush(self) -> None:
        with transaction.atomic():
            copy_upsert(
                ProductCategory,
                ("product", "category", "confidence", "decided_by", "alternatives", "attributes", "reasoning",
                 "fingerprint", "maker", "run_id"),
                self._rows,
                key=("product",),
                compare=("category", "confidence", "decided_by", "alternatives", "attributes", "reasoning",
                         "fingerprint", "maker"),
            )  # fmt: skip
            ProcessingLog.objects.bulk_create(self._logs, batch_size=500)
        self._rows, self._logs = [], []
