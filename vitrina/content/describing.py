"""Descriptions of products: who needs one, asking for it, keeping what comes back.

Belongs here: selection by fingerprint, the contract given to the gateway, versions and log rows. Stays out: prompts,
transport, moderation. Versions are committed in small groups as answers arrive; answers that were paid and not yet
committed come back from the ledger, so a killed run pays again only for what was in flight.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from vitrina.catalog.models import Product
from vitrina.content import contract as rules
from vitrina.content import prompts
from vitrina.content.contract import ContractError, Description
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion, DescriptionTemplate, ProcessingLog
from vitrina.content.product_facts import product_facts
from vitrina.content.templates import category_sheets
from vitrina.fingerprints import fingerprint
from vitrina.llm.gateway import Gateway, Progress
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import ChatResult, Outcome
from vitrina.llm.structured import Contract, InvalidAnswerError
from vitrina.review.services import consume_reprocess

PURPOSE = "product_description"
_GROUP = 50
#: Another run may complete these; they are no final word on the product.
_UNFINISHED = {Outcome.BUDGET, Outcome.TRANSPORT, Outcome.RATE_LIMIT, Outcome.SERVER}
_log = logging.getLogger(__name__)

Examples = Mapping[int, Sequence[tuple[str, str]]]


@dataclass(slots=True)
class DescribeResult:
    """Counts of one pass. ``busy`` products are worked on by another run; ``why`` has one message a failed outcome."""

    asked: int = 0
    written: int = 0
    fresh_enough: int = 0
    busy: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)
    repaired: int = 0
    tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    words: list[int] = field(default_factory=list)
    preview: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Order:
    """One product to be described."""

    facts: ProductFacts
    input_hash: str
    fingerprint: str
    examples: tuple[str, ...]
    number: int
    try_no: int
    drop_id: int


def input_hash(facts: ProductFacts) -> str:
    """Of the product's own facts and category: what a new drop can change. Templates and prompts do not count."""
    data = facts.as_dict()
    del data["category_facts"], data["product_id"]
    return fingerprint(data)


def describe(
    product_ids: Sequence[int],
    gateway: Gateway,
    *,
    language: str,
    examples: Callable[[Sequence[ProductFacts]], Examples],
    result: DescribeResult | None = None,
    refresh: bool = False,
    force: frozenset[int] = frozenset(),
    run_id: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> DescribeResult:
    """Write descriptions for the products that need one.

    Args:
        product_ids: Products to look at.
        gateway: Where writers are asked.
        language: ``ru`` or ``en``.
        examples: Facts → product id → nearest templates as (name, text), at most two are shown.
        result: Counts of an earlier group to go on with.
        refresh: Also products whose own facts stand but whose prompt, templates or model changed (a backfill).
        force: Products that a person asked to be made again, whatever stands.
        run_id: Kept with every row.
        progress: Called about once a second.
    """
    result = result or DescribeResult()
    orders = list(_orders(product_ids, gateway.config.model, language, examples, refresh, force, result))
    result.asked += len(orders)
    contract = Contract(validate=_validate, repair=_repair)
    group: list[ChatResult] = []
    for answer in gateway.run((_request(order) for order in orders), contract=contract, progress=progress):
        group.append(answer)
        if len(group) >= _GROUP:
            _keep(group, result, run_id)
            group = []
    _keep(group, result, run_id)
    return result


def _orders(
    product_ids: Sequence[int],
    model: str,
    language: str,
    examples: Callable[[Sequence[ProductFacts]], Examples],
    refresh: bool,
    force: frozenset[int],
    result: DescribeResult,
) -> Iterator[_Order]:
    sheets = category_sheets(language)
    products = {
        p.pk: p for p in Product.objects.filter(pk__in=product_ids, listed=True).select_related("category__category")
    }
    facts = product_facts(products.values(), sheets, language)
    standing: dict[int, tuple[str, str]] = {}
    machine = ContentVersion.objects.filter(product__in=product_ids, language=language).exclude(
        origin=ContentVersion.Origin.PERSON
    )
    for product, inputs, full in machine.order_by("number").values_list("product_id", "input_hash", "fingerprint"):
        standing[product] = (inputs, full)
    refused = set(
        ProcessingLog.objects.filter(
            product__in=product_ids, status=ProcessingLog.Status.FAILED, error_class__in=["refusal", "filtered"]
        ).values_list("product_id", "result__fingerprint")
    )
    numbers = dict(
        ContentVersion.objects.filter(product__in=product_ids).values_list("product_id").annotate(Max("number"))
    )
    wanted = [f for pk, f in facts.items() if pk in force or refresh or standing.get(pk, ("", ""))[0] != input_hash(f)]
    shown = examples(wanted)
    for item in wanted:
        pk = item.product_id
        pairs = [pair for pair in shown.get(pk, ()) if pair[0]][: prompts.EXAMPLES]
        inputs = input_hash(item)
        full = fingerprint(item.as_dict(), [list(p) for p in pairs], prompts.PROMPT_VERSION, model)
        stands = standing.get(pk, ("", ""))
        if pk not in force and (stands[1] == full or (pk, full) in refused):
            continue
        yield _Order(
            facts=item,
            input_hash=inputs,
            fingerprint=full,
            examples=tuple(f"{name}\n{text}" for name, text in pairs),
            number=numbers.get(pk, 0) + 1,
            try_no=numbers.get(pk, 0) if pk in force else 0,
            drop_id=products[pk].drop_id,
        )
    result.fresh_enough += len(facts) - len(wanted)


def _request(order: _Order) -> ChatRequest:
    texts = [example.partition("\n")[2] for example in order.examples]
    return ChatRequest(
        messages=prompts.build_messages(order.facts, texts),
        purpose=PURPOSE,
        item_id=str(order.facts.product_id),
        temperature=prompts.PARAMETERS["temperature"],
        max_tokens=prompts.PARAMETERS["max_tokens"],
        schema=rules.json_schema(),
        schema_name=rules.SCHEMA_NAME,
        try_no=order.try_no,
        context=order,
    )


def _validate(request: ChatRequest, data: Any) -> Description:
    import orjson

    order: _Order = request.context
    try:
        description = rules.parse(
            orjson.dumps(data).decode(), product_id=order.facts.product_id, language=order.facts.language
        )
    except ContractError as error:
        raise InvalidAnswerError(error.errors) from error
    return description.sanitised()


def _repair(request: ChatRequest, text: str, problems: tuple[str, ...]) -> Sequence[Mapping[str, Any]]:
    return prompts.build_repair_messages(list(request.messages), text, problems)  # type: ignore[arg-type]


def _keep(answers: Sequence[ChatResult], result: DescribeResult, run_id: str) -> None:
    versions: list[ContentVersion] = []
    logs: list[ProcessingLog] = []
    used: Counter[str] = Counter()
    for answer in answers:
        order: _Order = answer.request.context
        result.tokens += 0 if answer.cached else answer.usage.prompt + answer.usage.completion
        if not answer.cached:
            known = result.cost_usd is not None and answer.cost_usd is not None
            result.cost_usd = (result.cost_usd or Decimal(0)) + (answer.cost_usd or Decimal(0)) if known else None
        log = _log_row(answer, order, run_id)
        logs.append(log)
        if not answer.ok:
            result.failed[str(answer.outcome)] += 1
            result.why.setdefault(str(answer.outcome), log.error_message)
            continue
        try:
            version = _version(answer, order, run_id)
        except Exception as error:  # noqa: BLE001 - one odd answer must not stop the others; it is kept and counted
            _log.exception("the answer for product %s could not be kept", order.facts.product_id)
            log.status, log.error_class = ProcessingLog.Status.FAILED, type(error).__name__
            log.error_message, log.stack_trace = str(error), traceback.format_exc()
            result.failed["internal"] += 1
            result.why.setdefault("internal", str(error))
            continue
        log.version = version
        versions.append(version)
        result.written += 1
        result.repaired += answer.repaired
        result.words.append(len(rules.html.words(answer.parsed.text())))
        if len(result.preview) < 5:
            result.preview.append((answer.parsed.title, answer.parsed.text()))
        used.update(example.partition("\n")[0] for example in order.examples)
    if not answers:
        return
    with transaction.atomic():
        ContentVersion.objects.bulk_create(versions)
        ProcessingLog.objects.bulk_create(logs)
        consume_reprocess([version.product_id for version in versions if version.number > 1], run_id=run_id)
        for name, count in used.items():
            DescriptionTemplate.objects.filter(name=name).update(usage_count=F("usage_count") + count)


def _version(answer: ChatResult, order: _Order, run_id: str) -> ContentVersion:
    from vitrina.content.grounding import check

    description: Description = answer.parsed
    facts = prompts.trimmed(order.facts)
    grounding = check(description.all_text(), facts)
    offline = answer.model.startswith("vitrina-offline")
    return ContentVersion(
        product_id=order.facts.product_id,
        number=order.number,
        language=order.facts.language,
        origin=ContentVersion.Origin.OFFLINE if offline else ContentVersion.Origin.LLM,
        title=description.title,
        body=description.body,
        content=description.model_dump(),
        seo_title=description.seo_title,
        seo_description=description.seo_description,
        keywords=description.keywords,
        facts=facts.as_dict(),
        input_hash=order.input_hash,
        fingerprint=order.fingerprint,
        text_hash=fingerprint(description.title, description.body),
        grounding={
            "score": grounding.score,
            "claims": grounding.claims,
            "findings": [_plain(finding) for finding in grounding.findings],
        },
        violations=[asdict(violation) for violation in rules.violations(description, order.facts)],
        model=answer.model,
        prompt_version=prompts.PROMPT_VERSION,
        templates=[example.partition("\n")[0] for example in order.examples],
        request_keys=[answer.key],
        drop_id=order.drop_id,
        run_id=run_id,
    )


def _plain(finding: Any) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("kind", "surface", "start", "end", "explanation")}


def _log_row(answer: ChatResult, order: _Order, run_id: str) -> ProcessingLog:
    now = datetime.now(UTC)
    unfinished = answer.outcome in _UNFINISHED
    status = ProcessingLog.Status.COMPLETED if answer.ok else ProcessingLog.Status.FAILED
    return ProcessingLog(
        product_id=order.facts.product_id,
        processing_type=ProcessingLog.Type.DESCRIPTION_ONLY,
        status=ProcessingLog.Status.PENDING if unfinished else status,
        input_data=order.facts.as_dict(),
        result={"fingerprint": order.fingerprint, "text": answer.text if not answer.ok else None},
        model=answer.model or answer.request.model or "",
        prompt_tokens=answer.usage.prompt,
        completion_tokens=answer.usage.completion,
        cost_usd=answer.cost_usd,
        processing_time_ms=answer.latency_ms,
        request_keys=[answer.key],
        error_class=str(answer.outcome) if not answer.ok else "",
        error_message="" if answer.ok else (answer.error or "; ".join(answer.problems)),
        attempts=max(answer.attempts, 1),
        run_id=run_id,
        completed_at=None if unfinished else now,
    )
