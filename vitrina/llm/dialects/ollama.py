"""Ollama's own chat format, ``POST /api/chat``.

Its ``/v1`` ignores a context length in the request and cuts prompts at the server's default without a word, so the
gateway speaks this one. From the documentation of Ollama and its request type; not tried on a live server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from vitrina.llm.dialects.base import Dialect, Plan, Rung, UnsendableError, with_schema
from vitrina.llm.messages import Message
from vitrina.llm.schemas import LLAMACPP

#: Fields of the OpenAI body that are options here under the same or another name.
_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "stop": "stop",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_PASSED = ("tools", "think", "keep_alive", "logprobs")
_LEAST_CTX = 4_096
_NO_ADDRESS = (
    "Ollama fetches no pictures: it takes their bytes. Give each picture as a data: URL (data:image/jpeg;base64,…), "
    "or ask through another server."
)
#: Room for an answer whose request names no limit.
_ANSWER_ROOM = 2_048


class OllamaDialect(Dialect):
    """See the module's text.

    Args:
        endpoint: Address of the server, with or without ``/v1``.
        context_tokens: Most that is asked for as ``num_ctx``.
    """

    def __init__(self, endpoint: str, context_tokens: int) -> None:
        super().__init__(
            "ollama", LLAMACPP, rungs=(Rung.JSON_SCHEMA, Rung.TOOLS, Rung.JSON_OBJECT, Rung.TEXT), cuts_prompts=True
        )
        self.root = server_root(endpoint)
        self._most = context_tokens
        self._asked: dict[str, int] = {}

    def path(self) -> str:
        return f"{self.root}/api/chat"

    def beside(self, path: str) -> str:
        return f"{self.root}/v1{path}"

    def num_ctx(self, plan: Plan, limit: int | None) -> int:
        """The context to ask for: powers of two that only grow, since every change makes Ollama load the model anew."""
        need = int(plan.estimate * 1.25) + (limit or _ANSWER_ROOM) + 256
        size = _LEAST_CTX
        while size < need:
            size *= 2
        size = min(max(size, self._asked.get(plan.model, 0)), self._most)
        self._asked[plan.model] = size
        return size

    def body(self, plan: Plan, limit: int | None) -> dict[str, Any]:
        request = plan.request
        given = request.body(plan.model, max_tokens=limit)
        options = {ours: given[name] for name, ours in _OPTIONS.items() if name in given}
        options.update(given.get("options") or {})
        plan.num_ctx = options.setdefault("num_ctx", self.num_ctx(plan, given.get("max_tokens")))
        if "max_tokens" in given:
            options["num_predict"] = given["max_tokens"]
        messages: list[Message] = given["messages"]
        body: dict[str, Any] = {"model": given["model"], "stream": False, "truncate": False, "shift": False}
        body.update({name: given[name] for name in _PASSED if name in given})
        schema = request.schema
        if schema is not None:
            compiled = self.compiled(schema).schema
            if plan.rung is Rung.JSON_SCHEMA:
                body["format"] = compiled
            elif plan.rung is Rung.TOOLS:  # no way to force a call: the schema's name in the prompt asks for it
                function = {"name": request.schema_name, "description": "Gives the answer.", "parameters": compiled}
                body["tools"] = [{"type": "function", "function": function}]
                told = f"Answer by calling the function {request.schema_name}."
                messages = [*messages, {"role": "system", "content": told}]
            else:
                messages = with_schema(messages, schema)
                if plan.rung is Rung.JSON_OBJECT:
                    body["format"] = "json"
        body["messages"] = [_message(message) for message in messages]
        body["options"] = options
        return body


def server_root(endpoint: str) -> str:
    """The server's address without ``/v1`` or ``/api``."""
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    for tail in ("/v1", "/api"):
        path = path.removesuffix(tail)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _message(message: Message) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list | tuple):
        return dict(message)
    texts, images = [], []
    for part in content:
        if not isinstance(part, Mapping):
            continue
        if isinstance(part.get("text"), str):
            texts.append(part["text"])
        if (image := part.get("image_url")) is not None:
            url = image.get("url") if isinstance(image, Mapping) else image
            if not isinstance(url, str) or not url.startswith("data:"):
                raise UnsendableError(_NO_ADDRESS)
            images.append(url.partition(",")[2])
    out = {**message, "content": "\n".join(texts)}
    return {**out, "images": images} if images else out
