"""From an answer's text to a value that keeps its contract.

Belongs here: finding the JSON, mending it, validating it. Pure. Stays out: the second call (``vitrina.llm.engine``),
and what contracts demand (the domain's validators).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vitrina.errors import VitrinaError
from vitrina.llm.messages import ChatRequest, Message
from vitrina.llm.rephrase import neutral
from vitrina.llm.schemas import drop_nulls

_LOG = logging.getLogger(__name__)

_THINK = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```[A-Za-z0-9_-]*[ \t]*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
#: The model ended the answer itself.
_WHOLE = frozenset({"", "stop", "tool_calls", "function_call"})
_FENCED = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\n(.*?)\n?\s*```", re.DOTALL)
_MAX_PROBLEMS = 20
#: json_repair takes time by the square of what a looping model wrote: 100,000 braces took 28 s, these take one.
_MAX_REPAIR_CHARS = 20_000


class InvalidAnswerError(ValueError):
    """Raised by a validator: the answer breaks its contract.

    Args:
        problems: One sentence each; a second call shows them to the model.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(slots=True, frozen=True)
class Contract:
    """What an answer must keep, and how to ask again when it does not.

    Attributes:
        validate: ``(request, data) -> value``; raises :class:`InvalidAnswerError`, or any ``ValueError``
            (pydantic's included). Runs in the gateway's thread: pure, and no database.
        repair: ``(request, text, problems) -> messages`` of the one second call; ``None`` for no second call.
        rephrase: ``request -> messages`` of the one further try after a refusal; ``None`` for none.
        as_json: ``False`` hands the plain text to ``validate``.
    """

    validate: Callable[[ChatRequest, Any], Any]
    repair: Callable[[ChatRequest, str, tuple[str, ...]], Sequence[Message]] | None = None
    rephrase: Callable[[ChatRequest], Sequence[Message]] | None = neutral
    as_json: bool = True


@dataclass(slots=True, frozen=True)
class Checked:
    """What a contract made of an answer: a value, or problems. ``not_json``: no JSON was found in it at all."""

    value: Any = None
    problems: tuple[str, ...] = ()
    mended: bool = False
    not_json: bool = False


def check(contract: Contract, request: ChatRequest, text: str, finish_reason: str) -> Checked:
    """Applies a contract to an answer; never raises for what a model wrote."""
    mended, data = False, None
    if not contract.as_json:
        data = strip_thinking(text)
    else:
        try:
            data, mended = parse_json(text, finish_reason)
        except InvalidAnswerError as error:
            return Checked(problems=error.problems, not_json=finish_reason in _WHOLE)
        if request.schema is not None and (mended or "null" in text):
            data = drop_nulls(request.schema, data)
    try:
        return Checked(value=contract.validate(request, data), mended=mended)
    except InvalidAnswerError as error:
        return Checked(problems=error.problems[:_MAX_PROBLEMS], mended=mended)
    except Exception as error:  # noqa: BLE001 - the answer is paid for: a validator that trips must not lose it
        if not isinstance(error, ValueError | TypeError | KeyError | AttributeError | VitrinaError):
            _LOG.exception("the validator of %s failed", request.purpose)
        return Checked(problems=_problems(error), mended=mended)


def parse_json(text: str, finish_reason: str) -> tuple[Any, bool]:
    """The JSON value in an answer, and whether it had to be mended.

    Thinking blocks and code fences are taken off first. Mending is tried only for an answer that the model itself
    ended and that closes what it opened: json_repair makes a plausible half object of one that was cut, and some
    servers cut and say "stop".

    Raises:
        InvalidAnswerError: There is none.
    """
    plain = strip_thinking(text)
    fence = _FENCE.match(plain)
    plain = (fence.group(1) if fence else plain).strip()
    try:
        return orjson.loads(plain), False
    except orjson.JSONDecodeError as error:
        problem = f"The answer is not valid JSON: {error}"
    if fence is None and len(blocks := _FENCED.findall(plain)) == 1:  # "Here is the answer:", and the answer in a fence
        try:
            return orjson.loads(blocks[0].strip()), True
        except orjson.JSONDecodeError:
            plain = blocks[0].strip()
    whole = finish_reason in _WHOLE and all(plain.count(a) <= plain.count(b) for a, b in (("{", "}"), ("[", "]")))
    if whole and len(plain) <= _MAX_REPAIR_CHARS and ("{" in plain or "[" in plain):
        import json_repair

        try:
            value = json_repair.loads(plain)
        except (RecursionError, ValueError):
            value = None
        if isinstance(value, dict | list) and value:
            return value, True
    raise InvalidAnswerError((problem,))


def strip_thinking(text: str) -> str:
    """The text without a leading ``<think>`` block, as some local models write it.

    Some chat templates open the block in the prompt, so that only its end comes back.
    """
    rest = _THINK.sub("", text, count=1)
    if rest == text:
        head, end, tail = text.partition("</think>")
        rest = tail if end and "<think" not in head and tail.strip() else text
    return rest.strip()


def _problems(error: Exception) -> tuple[str, ...]:
    details = getattr(error, "errors", None)  # pydantic.ValidationError
    if callable(details):
        rows = details()[:_MAX_PROBLEMS]
        return tuple(f"{'.'.join(str(part) for part in row['loc']) or 'answer'}: {row['msg']}" for row in rows)
    return (f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__,)
