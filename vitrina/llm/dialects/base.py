"""What every dialect shares: the rungs, the plan of one request, the interface.

Belongs here: the vocabulary, and the OpenAI chat format that most servers speak. Stays out: Ollama's own format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from vitrina.llm.messages import ChatRequest, Message
from vitrina.llm.outcomes import Outcome
from vitrina.llm.schemas import AS_IS, Compiled, SchemaProfile, compile_schema
from vitrina.llm.transport import Reply
from vitrina.llm.wire import Reading, read_chat


class UnsendableError(ValueError):
    """The request cannot be put in this server's form; the text says why, for a person."""


class Rung(StrEnum):
    """Ways of asking for JSON by schema, best first."""

    JSON_SCHEMA = "json_schema"
    TOOLS = "tools"
    JSON_OBJECT = "json_object"
    TEXT = "text"


LADDER = tuple(Rung)
#: Estimates of Cyrillic are high by up to two times on new vocabularies: only less than this share of ours is a cut.
_CUT_SHARE = 0.4
_CUT_FROM = 1_500
#: What a model may refuse although it answers: named by its 400, and left out from then on.
QUIRK_LIMIT_FIELD = "max_completion_tokens"
QUIRK_NO_TEMPERATURE = "no_temperature"


@dataclass(slots=True)
class Plan:
    """How one request is put; filled anew for every attempt.

    Attributes:
        rung: The way of asking for JSON; meaningless without a schema.
        quirks: See above.
        estimate: Our count of the prompt's tokens; 0 where the dialect does not ask for it.
        num_ctx: The context length that was asked for, where the dialect asks.
    """

    request: ChatRequest
    model: str
    rung: Rung = Rung.JSON_SCHEMA
    quirks: frozenset[str] = frozenset()
    estimate: int = 0
    num_ctx: int = 0


class Dialect:
    """The OpenAI chat format, with what one kind of server does differently as values.

    Args:
        name: As in ``AI_DIALECT``.
        profile: Which schema keywords its strict mode takes.
        limit_field: Name of the token limit.
        rungs: Ways of asking for JSON that it has, best first.
        certain: It is known to do what it says: no probe is needed.
        cuts_prompts: It shortens prompts that are too long without an error; token counts are compared then.
    """

    def __init__(
        self,
        name: str,
        profile: SchemaProfile = AS_IS,
        *,
        limit_field: str = "max_tokens",
        rungs: tuple[Rung, ...] = LADDER,
        certain: bool = False,
        cuts_prompts: bool = False,
    ) -> None:
        self.name = name
        self.profile = profile
        self.limit_field = limit_field
        self.rungs = rungs
        self.certain = certain
        self.cuts_prompts = cuts_prompts
        self._compiled: dict[int, tuple[Mapping[str, Any], Compiled]] = {}

    def path(self) -> str:
        """Below the endpoint's address, or a whole address of the same server."""
        return "/chat/completions"

    def beside(self, path: str) -> str:
        """Where another address of OpenAI's protocol is (``/embeddings``, ``/models``)."""
        return path

    def compiled(self, schema: Mapping[str, Any]) -> Compiled:
        """The schema as this server takes it; kept per object, since domains pass the same one for every item."""
        found = self._compiled.get(id(schema))
        if found is not None and found[0] is schema:
            return found[1]
        if len(self._compiled) >= 256:  # schemas read from a file are new objects each
            self._compiled.clear()
        done = compile_schema(schema, self.profile)
        self._compiled[id(schema)] = schema, done
        return done

    def body(self, plan: Plan, limit: int | None) -> dict[str, Any]:
        """The JSON object to post.

        Raises:
            UnsendableError: This server has no form for it.
        """
        request = plan.request
        field = QUIRK_LIMIT_FIELD if QUIRK_LIMIT_FIELD in plan.quirks else self.limit_field
        body = request.body(plan.model, max_tokens=limit, limit_field=field)
        if plan.quirks and QUIRK_NO_TEMPERATURE in plan.quirks:
            body.pop("temperature", None)
        schema = request.schema
        if schema is None:
            return body
        compiled = self.compiled(schema)
        if plan.rung is Rung.JSON_SCHEMA:
            body["response_format"]["json_schema"] = {
                "name": request.schema_name,
                "strict": request.strict and compiled.strict,
                "schema": compiled.schema,
            }
            return body
        del body["response_format"]
        if plan.rung is Rung.TOOLS:
            function = {
                "name": request.schema_name,
                "description": "Gives the answer.",
                "parameters": compiled.schema,
            }
            body["tools"] = [{"type": "function", "function": function}]
            body["tool_choice"] = {"type": "function", "function": {"name": request.schema_name}}
            return body
        body["messages"] = with_schema(body["messages"], schema)
        if plan.rung is Rung.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
        return body

    def read(self, reply: Reply, plan: Plan) -> Reading:
        """Judges a reply. An answer to a prompt that the server cut without a word is none."""
        reading = read_chat(reply)
        if not self.cuts_prompts or reading.usage is None or reading.outcome not in (Outcome.OK, Outcome.TRUNCATED):
            return reading
        counted, ours = reading.usage.prompt, plan.estimate
        cut = ours >= _CUT_FROM and 0 < counted < ours * _CUT_SHARE
        if not cut and not (plan.num_ctx and counted >= plan.num_ctx - 1):
            return reading
        context = f" (context {plan.num_ctx})" if plan.num_ctx else ""
        told = (
            f"The server cut the prompt: it read {counted} tokens of about {ours}{context}. "
            "Raise AI_CONTEXT_TOKENS or the server's own context length, or ask less at once."
        )
        return replace(
            reading, outcome=Outcome.PERMANENT, text=None, error=told, error_class="input_truncated", retry=False
        )


def with_schema(messages: list[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The messages with the schema in the system message; the word JSON stands in it, as JSON mode demands."""
    told = (
        "Answer with one JSON object and nothing else: no explanation, no code fence. "
        f"It keeps this JSON schema:\n{orjson.dumps(dict(schema)).decode()}"
    )
    if messages and messages[0].get("role") in ("system", "developer") and isinstance(messages[0].get("content"), str):
        return [{**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}, *messages[1:]]
    return [{"role": "system", "content": told}, *messages]
