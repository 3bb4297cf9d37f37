"""Descriptions of products: who needs one, asking for it, keeping what comes back.

Belongs here: selection by fingerprint, the contract given to the gateway. Stays out: prompts, transport, moderation,
what becomes of answers (``keeping``). Versions are committed in small groups as answers arrive; answers that were paid
and not yet committed come back from the ledger, so a killed run pays again only for what was in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Max

from vitrina.catalog.models import Product
from vitrina.content import contract as rules
from vitrina.content import prompts
from vitrina.content.best_of_answers import BestOf, chosen_answers
from vitrina.content.contract import ContractError, Description
from vitrina.content.facts import ProductFacts
from vitrina.content.keeping import DescribeResult, Order, keep
from vitrina.content.models import ContentVersion, ProcessingLog
from vitrina.content.product_facts import product_facts
from vitrina.content.templates import category_sheets
from vitrina.fingerprints import fingerprint
from vitrina.llm.gateway import Gateway, Progress
from vitrina.llm.messages import ChatRequest
from vitrina.llm.structured import Contract, InvalidAnswerError
from vitrina.review.services import times_asked

PURPOSE = "product_description"
_GROUP = 50

Examples = Mapping[int, Sequence[tuple[str, str]]]


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
    again: int = 0,
    best_of: BestOf | None = None,
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
        again: Number of the try for those, where it is higher than how often people asked: another question to the
            model, whose answer the ledger does not know.
        best_of: Several texts for each product, of which one is kept; ``None`` for one.
        run_id: Kept with every row.
        progress: Called about once a second.
    """
    result = result or DescribeResult()
    judge = () if best_of is None else best_of.identity
    orders = list(_orders(product_ids, gateway.config.model, language, examples, refresh, force, again, judge, result))
    result.asked += len(orders)
    contract = Contract(validate=_validate, repair=_repair)
    if best_of is not None:
        requests = (best_of.sample(_request(order), number) for order in orders for number in range(best_of.count))
        answers = gateway.run(requests, contract=contract, progress=progress)
        for group in chosen_answers(answers, best_of, result, run_id, _GROUP):
            keep(group, result, run_id, chosen=True)
        return result
    group = []
    for answer in gateway.run((_request(order) for order in orders), contract=contract, progress=progress):
        group.append(answer)
        if len(group) >= _GROUP:
            keep(group, result, run_id)
            group = []
    keep(group, result, run_id)
    return result


def _orders(
    product_ids: Sequence[int],
    model: str,
    language: str,
    examples: Callable[[Sequence[ProductFacts]], Examples],
    refresh: bool,
    force: frozenset[int],
    again: int,
    judge: tuple[Any, ...],
    result: DescribeResult,
) -> Iterator[Order]:
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
    asked = times_asked(force)
    for item in wanted:
        pk = item.product_id
        pairs = [pair for pair in shown.get(pk, ()) if pair[0]][: prompts.EXAMPLES]
        inputs = input_hash(item)
        full = fingerprint(item.as_dict(), [list(p) for p in pairs], prompts.PROMPT_VERSION, model, *judge)
        stands = standing.get(pk, ("", ""))
        if pk not in force and (stands[1] == full or (pk, full) in refused):
            continue
        yield Order(
            facts=item,
            input_hash=inputs,
            fingerprint=full,
            examples=tuple(f"{name}\n{text}" for name, text in pairs),
            number=numbers.get(pk, 0) + 1,
            try_no=max(asked.get(pk, 0), again, 1) if pk in force else 0,
            drop_id=products[pk].drop_id,
        )
    result.fresh_enough += len(facts) - len(wanted)


def _request(order: Order) -> ChatRequest:
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

    order: Order = request.context
    try:
        description = rules.parse(
            orjson.dumps(data).decode(), product_id=order.facts.product_id, language=order.facts.language
        )
    except ContractError as error:
        raise InvalidAnswerError(error.errors) from error
    return description.sanitised()


def _repair(request: ChatRequest, text: str, problems: tuple[str, ...]) -> Sequence[Mapping[str, Any]]:
    return prompts.build_repair_messages(list(request.messages), text, problems)  # type: ignore[arg-type]
