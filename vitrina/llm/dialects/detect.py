"""Which dialect an endpoint speaks.

Belongs here: telling it by setting, address, or the list of models. Stays out: asking for that list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from vitrina.llm.config import GatewayConfig
from vitrina.llm.dialects.base import Dialect, Rung
from vitrina.llm.dialects.ollama import OllamaDialect
from vitrina.llm.schemas import AS_IS, GEMINI, LLAMACPP, OPENAI, VLLM

_OLLAMA_PORT = 11434
_LMSTUDIO_PORT = 1234
_OWNERS = {"vllm": "vllm", "llamacpp": "llamacpp", "library": "ollama", "google": "gemini", "vitrina": "vitrina"}


def named(name: str, config: GatewayConfig) -> Dialect:
    """A new dialect by its name in ``AI_DIALECT``."""
    match name:
        case "ollama":
            return OllamaDialect(config.endpoint, config.context_tokens)
        case "openai":
            return Dialect("openai", OPENAI, limit_field="max_completion_tokens", certain=True)
        case "vllm":
            return Dialect("vllm", VLLM)
        case "llamacpp":
            return Dialect("llamacpp", LLAMACPP)
        case "lmstudio":  # refuses json_object; shortens prompts by its overflow setting
            return Dialect("lmstudio", LLAMACPP, rungs=(Rung.JSON_SCHEMA, Rung.TOOLS, Rung.TEXT), cuts_prompts=True)
        case "gemini":
            return Dialect("gemini", GEMINI)
        case "vitrina":
            return Dialect("vitrina", AS_IS, certain=config.embedded)
        case _:
            return Dialect("compatible", OPENAI)


def by_address(config: GatewayConfig) -> Dialect:
    """The dialect of the setting, else of the address; ``compatible`` where the address says nothing."""
    if config.embedded:
        return named("vitrina", config)
    if config.dialect != "auto":
        return named(config.dialect, config)
    parts = urlsplit(config.endpoint)
    host = parts.hostname or ""
    if config.limit_field == "max_completion_tokens":
        return named("openai", config)
    if host == "generativelanguage.googleapis.com":
        return named("gemini", config)
    if parts.port == _OLLAMA_PORT or host in ("ollama.com", "ollama") or parts.path.rstrip("/").endswith("/api"):
        return named("ollama", config)
    if parts.port == _LMSTUDIO_PORT:
        return named("lmstudio", config)
    return named("compatible", config)


def by_models(data: Mapping[str, Any] | None, config: GatewayConfig) -> Dialect | None:
    """The dialect that the answer of ``GET /models`` gives away, or ``None``."""
    rows = data.get("data") if data is not None else None
    if not isinstance(rows, list):
        return None
    for row in rows:
        owner = row.get("owned_by") if isinstance(row, Mapping) else None
        if isinstance(owner, str) and owner in _OWNERS:
            return named(_OWNERS[owner], config)
    return None
