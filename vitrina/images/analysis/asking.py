"""Asking a vision model about the pictures of products, and keeping what it says.

Belongs here: which pictures are asked about, rows, the log of each product that shows them (CAT-8). Stays out: the
question (``vision``), joining (``merging``).

Every answer stands in the gateway's ledger before it is written here, so a killed pass pays for what was in flight
alone. An answer that breaks its contract, a refusal and a filter are final for this prompt and model: they are kept
with their reason and not asked again. Without an answer (a connection that broke, a budget, an operator who stopped the
work, a batch that is under way) the next pass asks again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from vitrina.config import Settings
from vitrina.content.models import ProcessingLog
from vitrina.errors import PermanentError, VitrinaError
from vitrina.fingerprints import fingerprint
from vitrina.images.analysis.measure import ANALYSER_VERSION, PictureFacts
from vitrina.images.analysis.merging import merged
from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.analysis.reading import seen_pictures
from vitrina.images.analysis.vision import PROMPT_VERSION, VisionAnswer, contract, request_for
from vitrina.lexicon.active import active
from vitrina.llm.gateway import Gateway, Progress
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import UNFINISHED, ChatResult, Outcome
from vitrina.objects import ObjectStore
from vitrina.warehouse.text import storable

#: A key that was refused costs nothing to try again, and no picture is to be left out for ever because of it.
_LATER = UNFINISHED | {Outcome.PERMANENT}
_PRODUCTS = 500


@dataclass(slots=True)
class VisionResult:
    """Counts of one pass; ``failed`` by outcome, ``why`` with one message each. ``cost_usd`` ``None`` is unknown.

    ``unreadable`` pictures could not be sent and were not asked about.
    """

    asked: int = 0
    answered: int = 0
    unchanged: int = 0
    unreadable: int = 0
    disagreements: int = 0
    tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    failed: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)


def vision_model(settings: Settings) -> str | None:
    """The model that is asked, ``None`` when none is named.

    Raises:
        PermanentError: one is named without an endpoint: the embedded service does not see.
    """
    if settings.ai_vision_model and settings.openai_base_url is None:
        raise PermanentError(
            f"AI_VISION_MODEL names {settings.ai_vision_model}, but there is no endpoint to ask.",
            hint="Set OPENAI_BASE_URL, or leave AI_VISION_MODEL empty: pictures are then measured alone.",
        )
    return settings.ai_vision_model or None


def ask_about(
    product_ids: Sequence[int],
    store: ObjectStore,
    gateway: Gateway,
    settings: Settings,
    *,
    model: str,
    run_id: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> VisionResult:
    """Ask about the first pictures of each product that this prompt and model have not seen.

    Raises:
        LedgerError: the ledger is out of reach.
    """
    result = VisionResult()
    mark = fingerprint(PROMPT_VERSION, model, ANALYSER_VERSION)
    for start in range(0, len(product_ids), _PRODUCTS):
        group = product_ids[start : start + _PRODUCTS]
        seen = seen_pictures(group, most=settings.ai_max_images_per_product)
        keys = {picture.sha256: picture for pictures in seen.values() for picture in pictures}
        shown_by: dict[str, list[int]] = defaultdict(list)
        for product, pictures in sorted(seen.items()):
            for picture in pictures:
                shown_by[picture.sha256].append(product)
        todo = PictureAnalysis.objects.filter(picture__in=keys).exclude(vision_mark=mark)
        wanted = [keys[key] for key in todo.order_by("pk").values_list("pk", flat=True)]
        result.unchanged += len(keys) - len(wanted)

        def requests(wanted: list[Any] = wanted) -> Iterator[ChatRequest]:
            for picture in wanted:
                try:
                    request = request_for(picture.sha256, store.get(picture.jpeg_key), model, context=picture.facts)
                except VitrinaError as error:
                    result.unreadable += 1
                    result.why.setdefault("unreadable", str(error))
                    continue
                result.asked += 1
                yield request

        for answer in gateway.run(requests(), contract=contract(), progress=progress):
            _keep(answer, shown_by[answer.request.item_id], mark, model, run_id, result)
    return result


def _keep(
    answer: ChatResult, products: Sequence[int], mark: str, model: str, run_id: str, result: VisionResult
) -> None:
    if not answer.cached:
        result.tokens += answer.usage.prompt + answer.usage.completion
        known = result.cost_usd is not None and answer.cost_usd is not None
        result.cost_usd = (result.cost_usd or Decimal(0)) + (answer.cost_usd or Decimal(0)) if known else None
    values: dict[str, Any] = {
        "vision_model": answer.model or model, "request_key": answer.key, "cost_usd": answer.cost_usd,
        "tokens": answer.usage.prompt + answer.usage.completion, "run_id": run_id, "updated_at": datetime.now(UTC),
    }  # fmt: skip
    if answer.ok:
        opinion: VisionAnswer = answer.parsed
        facts: PictureFacts = answer.request.context
        joined = merged(facts, opinion, active())
        result.answered += 1
        result.disagreements += bool(joined["disagreements"])
        values |= {"vision_state": PictureAnalysis.Vision.DONE, "vision": opinion.model_dump(), "merged": joined,
                   "vision_mark": mark, "vision_error": ""}  # fmt: skip
    else:
        outcome = str(answer.outcome)
        result.failed[outcome] += 1
        result.why.setdefault(outcome, answer.error or outcome)
        values |= {"vision_state": PictureAnalysis.Vision.FAILED, "vision_error": f"{outcome}: {answer.error}"[:1000]}
        if answer.outcome not in _LATER:
            values["vision_mark"] = mark
    logs = [_log_row(answer, product, values, first=not number) for number, product in enumerate(products)]
    with transaction.atomic():
        PictureAnalysis.objects.filter(pk=answer.request.item_id).update(**values)
        ProcessingLog.objects.bulk_create(logs, batch_size=500)


def _log_row(answer: ChatResult, product: int, values: dict[str, Any], *, first: bool) -> ProcessingLog:
    """What one product's log says of a picture; the first of those that show it bears what the answer cost."""
    ended = ProcessingLog.Status.COMPLETED if answer.ok else ProcessingLog.Status.FAILED
    unfinished = answer.outcome in UNFINISHED
    return ProcessingLog(
        product_id=product,
        processing_type=ProcessingLog.Type.IMAGE_ANALYSIS,
        status=ProcessingLog.Status.PENDING if unfinished else ended,
        input_data={"picture": answer.request.item_id, "measured": answer.request.context.as_dict()},
        result=values.get("merged", {}),
        extracted_attributes=values.get("vision", {}),
        model=values["vision_model"],
        prompt_tokens=answer.usage.prompt if first else 0,
        completion_tokens=answer.usage.completion if first else 0,
        cost_usd=answer.cost_usd if first else Decimal(0),
        processing_time_ms=answer.latency_ms if first else 0,
        request_keys=[answer.key],
        error_class="" if answer.ok else str(answer.outcome),
        error_message="" if answer.ok else storable(answer.error or "; ".join(answer.problems)),
        attempts=max(answer.attempts, 1),
        run_id=values["run_id"],
        completed_at=None if unfinished else values["updated_at"],
    )
