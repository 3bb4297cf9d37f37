"""What comes back from writers: versions, log rows, counts.

Belongs here: one transaction for a group of answers. Stays out: who is asked, and with which words (``describing``).
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from vitrina.content import contract as rules
from vitrina.content import prompts
from vitrina.content.contract import Description
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion, DescriptionTemplate, ProcessingLog
from vitrina.fingerprints import fingerprint
from vitrina.llm.outcomes import UNFINISHED, ChatResult
from vitrina.review.services import consume_reprocess
from vitrina.warehouse.text import storable

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class DescribeResult:
    """Counts of one pass.

    Attributes:
        fresh_enough: Products that were not asked for.
        same: Products whose standing text was chosen again: no version was made.
        busy: Products that another run works on.
        why: One message for each failed outcome.
    """

    asked: int = 0
    written: int = 0
    fresh_enough: int = 0
    same: int = 0
    busy: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)
    repaired: int = 0
    tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    words: list[int] = field(default_factory=list)
    preview: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Order:
    """One product to be described."""

    facts: ProductFacts
    input_hash: str
    fingerprint: str
    examples: tuple[str, ...]
    number: int
    try_no: int
    drop_id: int


def count_cost(answer: ChatResult, result: DescribeResult) -> None:
    """Add what an answer cost; one from the ledger costs nothing now."""
    if answer.cached:
        return
    result.tokens += answer.usage.prompt + answer.usage.completion
    known = result.cost_usd is not None and answer.cost_usd is not None
    result.cost_usd = (result.cost_usd or Decimal(0)) + (answer.cost_usd or Decimal(0)) if known else None


def keep(answers: Sequence[ChatResult], result: DescribeResult, run_id: str, *, chosen: bool = False) -> None:
    """Write the versions and log rows of a group of answers, one a product, in one transaction.

    Args:
        chosen: They were chosen among several, whose cost was counted. Where a choice comes to the answer that the
            standing text was made of, no version is made, and people who judged it are not asked again.
    """
    versions: list[ContentVersion] = []
    logs: list[ProcessingLog] = []
    marks: dict[int, str] = {}
    used: Counter[str] = Counter()
    newest = _newest(answers) if chosen else {}
    for answer in answers:
        order: Order = answer.request.context
        if not chosen:
            count_cost(answer, result)
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
        former = newest.get(version.product_id)
        if former is not None and _same(version, former):
            log.version, marks[former.pk] = former, order.fingerprint
            result.same += 1
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
        for pk, mark in marks.items():
            ContentVersion.objects.filter(pk=pk).update(fingerprint=mark)
        ProcessingLog.objects.bulk_create(logs)
        # A final failure answers the request as well: asked for ever, it would be paid for at every pass.
        done = [log.product_id for log in logs if log.status != ProcessingLog.Status.PENDING]
        consume_reprocess(done, run_id=run_id)
        for name, count in used.items():
            DescriptionTemplate.objects.filter(name=name).update(usage_count=F("usage_count") + count)


def _newest(answers: Sequence[ChatResult]) -> dict[int, ContentVersion]:
    """Product → the newest text of a machine in the language of its answer."""
    languages = {answer.request.context.facts.product_id: answer.request.context.facts.language for answer in answers}
    rows = ContentVersion.objects.filter(product__in=languages).exclude(origin=ContentVersion.Origin.PERSON)
    return {row.product_id: row for row in rows.order_by("number") if row.language == languages[row.product_id]}


def _same(version: ContentVersion, former: ContentVersion) -> bool:
    """Whether both are of one answer, read in one way: not so where another model or prompt came to the same words."""
    names = ("request_keys", "prompt_version", "text_hash", "content")
    return all(getattr(version, name) == getattr(former, name) for name in names)


def _version(answer: ChatResult, order: Order, run_id: str) -> ContentVersion:
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
        content=storable(description.model_dump()),
        seo_title=storable(description.seo_title),
        seo_description=storable(description.seo_description),
        keywords=storable(description.keywords),
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


def _log_row(answer: ChatResult, order: Order, run_id: str) -> ProcessingLog:
    now = datetime.now(UTC)
    unfinished = answer.outcome in UNFINISHED
    status = ProcessingLog.Status.COMPLETED if answer.ok else ProcessingLog.Status.FAILED
    return ProcessingLog(
        product_id=order.facts.product_id,
        processing_type=ProcessingLog.Type.DESCRIPTION_ONLY,
        status=ProcessingLog.Status.PENDING if unfinished else status,
        input_data=order.facts.as_dict(),
        result={"fingerprint": order.fingerprint, "text": storable(answer.text) if not answer.ok else None},
        model=answer.model or answer.request.model or "",
        prompt_tokens=answer.usage.prompt,
        completion_tokens=answer.usage.completion,
        cost_usd=answer.cost_usd,
        processing_time_ms=answer.latency_ms,
        request_keys=[answer.key],
        error_class=str(answer.outcome) if not answer.ok else "",
        error_message="" if answer.ok else storable(answer.error or "; ".join(answer.problems)),
        attempts=max(answer.attempts, 1),
        run_id=run_id,
        completed_at=None if unfinished else now,
    )
