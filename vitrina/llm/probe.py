"""Finding out what an endpoint can do.

Belongs here: the small questions of a probe and what their answers mean. Stays out: remembering it
(``vitrina.llm.capabilities``), living with it (``vitrina.llm.ladder``).

The questions do not mention JSON: a server that ignores the schema answers in words, and is found out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from vitrina.llm.capabilities import Known
from vitrina.llm.config import EMBEDDED_MODEL, GatewayConfig
from vitrina.llm.dialects import Dialect, Plan, Rung, by_models
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import Outcome
from vitrina.llm.structured import InvalidAnswerError, parse_json
from vitrina.llm.transport import Reply, ReplyTooLargeError, Transport, TransportError
from vitrina.llm.wire import Reading, read_json

PURPOSE = "capability_probe"
SCHEMA_NAME = "vitrina_probe"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "vitrina_probe": {"type": "string", "enum": ["yes"]},
        "colour": {"type": "string", "enum": ["red", "green", "blue"]},
    },
    "required": ["vitrina_probe", "colour"],
    "additionalProperties": False,
}
#: Room for models that think before they answer.
_MAX_TOKENS = 1_024
_QUESTION = ({"role": "user", "content": "Which of these is the colour of fresh grass: red, green, blue?"},)

#: Sends one plan with a token limit; never raises for what an endpoint does.
Call = Callable[[Plan, int], Awaitable[Reading]]


def structured_request(model: str) -> ChatRequest:
    """The question that tells whether a schema is kept."""
    return ChatRequest(
        _QUESTION, PURPOSE, model=model, temperature=0.0, max_tokens=_MAX_TOKENS, schema=SCHEMA, schema_name=SCHEMA_NAME
    )


def keeps_schema(text: str, finish_reason: str) -> bool:
    """Whether an answer is JSON by the probe's schema."""
    try:
        data, _ = parse_json(text, finish_reason)
    except InvalidAnswerError:
        return False
    return (
        isinstance(data, dict)
        and data.get("vitrina_probe") == "yes"
        and data.get("colour") in SCHEMA["properties"]["colour"]["enum"]
    )


@dataclass(slots=True)
class Climb:
    """What a probe of the rungs found. ``rung`` is ``None`` when none gave JSON, or nothing could be found out."""

    rung: Rung | None
    told: dict[str, str]
    conclusive: bool
    last: Reading | None = None


async def climb(model: str, dialect: Dialect, call: Call, *, every: bool = False) -> Climb:
    """Tries the ways of asking for JSON, best first, until one gives it.

    Args:
        call: Sends a plan.
        every: Try all of them, for a report.
    """
    told: dict[str, str] = {}
    best: Rung | None = None
    answers, reading = 0, None
    for rung in dialect.rungs:
        reading = await call(Plan(structured_request(model), model, rung, estimate=64), _MAX_TOKENS)
        if reading.outcome is Outcome.OK and reading.text is not None:
            answers += 1
            good = keeps_schema(reading.text, reading.finish_reason)
            told[rung] = "works" if good else f"ignored: {' '.join(reading.text.split())[:80]!r}"
            if good and best is None:
                best = rung
        else:
            told[rung] = reading.error or str(reading.outcome)
            if reading.outcome in (Outcome.TRANSPORT, Outcome.RATE_LIMIT, Outcome.BUDGET) or reading.dead == "endpoint":
                break
        if best is not None and not every:
            break
    return Climb(best, told, conclusive=answers > 0, last=reading)


async def learn_rung(
    model: str, dialect: Dialect, transport: Transport, config: GatewayConfig, call: Callable[[Dialect], Call]
) -> tuple[Dialect, Known | None]:
    """What the ladder asks for: the dialect (told by the list of models too) and the rung.

    Args:
        call: Makes what sends plans in a dialect.
    """
    if config.dialect == "auto" and dialect.name == "compatible":
        dialect = by_models(await get_json(transport, "/models"), config) or dialect
    if dialect.name == "vitrina" and model == EMBEDDED_MODEL:  # it answers by the schema's name, and no other question
        return dialect, Known(dialect.name, reason="the platform's own offline writer")
    found = await climb(model, dialect, call(dialect))
    if not found.conclusive:
        return dialect, None
    reason = "; ".join(f"{rung}: {what}" for rung, what in found.told.items())
    return dialect, Known(dialect.name, found.rung or dialect.rungs[-1], reason=reason)


async def get_json(transport: Transport, path: str) -> dict[str, Any] | None:
    """The object at a path, or ``None`` for anything else."""
    get = getattr(transport, "get", None)
    if get is None:
        return None
    try:
        reply: Reply = await get(path)
    except (TransportError, ReplyTooLargeError):
        return None
    return read_json(reply) if reply.status == 200 else None
