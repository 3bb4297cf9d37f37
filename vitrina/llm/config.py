"""What the gateway needs to know.

Belongs here: the configuration records and their checks. Stays out: where the values come from (the settings module).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vitrina.llm.outcomes import GatewayConfigError

EMBEDDED_MODEL = "vitrina-offline"
EMBEDDED_ENDPOINT = "embedded"
DIALECTS = ("auto", "openai", "ollama", "vllm", "llamacpp", "gemini", "lmstudio", "compatible")
STRUCTURED = ("auto", "json_schema", "tools", "json_object", "text")
_LEAST_SECRET = 8
MODES = ("online", "batch", "replay")
PENDING = ("leave", "ask")


@dataclass(slots=True, frozen=True)
class RetryPolicy:
    """How often and how long a request is tried again. Times in seconds.

    A 429 never uses up an attempt: a sketch that counted it lost 182 of 1,000 requests at a server's limit.
    It has a budget of wall-clock time instead.
    """

    max_attempts: int = 7
    max_invalid: int = 3
    max_truncated: int = 2
    base_delay_s: float = 0.25
    max_delay_s: float = 30.0
    rate_limit_patience_s: float = 900.0
    #: How long a request waits for an endpoint whose breaker is open, before it is left for a later run.
    outage_patience_s: float = 3600.0
    #: Rephrased tries after a refusal.
    max_rephrased: int = 1
    #: More room after a truncated answer: each time twice the former limit, up to this many tokens.
    max_tokens_ceiling: int = 16_384
    #: The first limit after a truncated answer to a request that named none.
    default_max_tokens: int = 4_096


@dataclass(slots=True, frozen=True)
class BreakerPolicy:
    """When a circuit breaker opens and closes. Times in seconds.

    Attributes:
        failure_rate: Share of failed calls from which it opens.
        min_samples: Calls in the window below which it never opens.
        probes: Calls that are let through at a time when it is half open, and successes that close it.
    """

    failure_rate: float = 0.5
    min_samples: int = 20
    window_s: float = 30.0
    open_s: float = 5.0
    max_open_s: float = 10.0
    probes: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.failure_rate <= 1 or self.min_samples < 1 or self.probes < 1 or self.open_s <= 0:
            raise GatewayConfigError(
                "The breaker's settings make no sense: a rate from 0 to 1, samples and times above 0 are needed.",
                hint="Check AI_BREAKER_FAILURE_RATE, AI_BREAKER_MIN_SAMPLES and AI_BREAKER_OPEN_SECONDS.",
            )


@lru_cache(maxsize=16)
def _shown(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


@dataclass(slots=True, frozen=True)
class GatewayConfig:
    """One endpoint and how to use it.

    Attributes:
        base_url: ``https://api.openai.com/v1`` and the like; ``None`` is the embedded model service.
        api_key: Sent as bearer token; never logged, stored or shown.
        concurrency: Calls in flight at once, over all processes that share a database.
        rpm, tpm: Requests and tokens that the endpoint takes a minute, for each model; ``None``: found by measuring.
        breaker: When the circuit breaker opens.
        fallback_model: Asked at the same endpoint while the breaker of the wanted model is open.
        budget_usd: Limit of this run in USD, ``None`` for none. With a limit, a model of unknown price is refused
            unless ``allow_unknown_prices``.
        day_budget_usd: Limit of a UTC day, over all runs.
        purpose_budgets_usd: Purpose → limit of a UTC day.
        budgets: Further named budgets that every call of this gateway counts against: name → limit.
        prices: Overrides, see :mod:`vitrina.llm.pricing`.
        cache_scope: What answers are shared between; ``None`` means the endpoint's address. Set it to a fixed word
            to keep answers when the same model moves to another address.
        run_id: Written to each ledger row; what earlier gateways of the same run spent counts against its budget.
        max_reply_bytes: A reply that grows past it is dropped as invalid.
        dialect: Wire format of the server, see :mod:`vitrina.llm.dialects`; ``auto`` tells it by its address.
        structured: First way of asking for JSON by schema, see :class:`vitrina.llm.ladder.Rung`; ``auto`` probes
            an endpoint that is not known. A server that refuses a way gets the next one.
        mode: ``online``; ``batch`` asks through the provider's batch files; ``replay`` answers from the ledger alone.
        batch_poll_s, batch_wait_s: How often a batch is looked at, and how long a run waits for it.
        batch_pending: What an online run does with questions that wait in a batch: ``leave`` ends them as ``pending``,
            ``ask`` asks and pays a second time.
        context_tokens: Most tokens that prompt and answer may take at a server that is told so (Ollama).
    """

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    model: str = EMBEDDED_MODEL
    embedding_model: str | None = None
    concurrency: int = 15
    timeout_s: float = 120.0
    connect_timeout_s: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rpm: float | None = None
    tpm: float | None = None
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    fallback_model: str | None = None
    budget_usd: Decimal | None = None
    day_budget_usd: Decimal | None = None
    purpose_budgets_usd: Mapping[str, Decimal] = field(default_factory=dict)
    budgets: Mapping[str, Decimal] = field(default_factory=dict)
    allow_unknown_prices: bool = False
    prices: Mapping[str, Any] | None = None
    cache_scope: str | None = None
    run_id: str = ""
    max_reply_bytes: int = 32 * 1024 * 1024
    embedding_batch: int = 256
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    dialect: str = "auto"
    structured: str = "json_schema"
    mode: str = "online"
    batch_poll_s: float = 60.0
    batch_wait_s: float = 26 * 3600.0
    batch_pending: str = "leave"
    context_tokens: int = 32_768

    def __post_init__(self) -> None:
        if self.base_url == "":  # an empty variable means the same as none
            object.__setattr__(self, "base_url", None)
        for name, value, known, setting in (
            ("dialect", self.dialect, DIALECTS, "AI_DIALECT"),
            ("way of asking for JSON", self.structured, STRUCTURED, "AI_STRUCTURED_OUTPUT"),
            ("mode", self.mode, MODES, "AI_MODE"),
            ("way with what waits in a batch", self.batch_pending, PENDING, "AI_BATCH_PENDING"),
        ):
            if value not in known:
                raise GatewayConfigError(
                    f"{value!r} is no {name}.", hint=f"Set {setting} to one of {', '.join(known)}."
                )
        if self.concurrency < 1:
            raise GatewayConfigError("The number of LLM calls at once must be at least 1.", hint="Set AI_CONCURRENCY.")
        if (self.rpm is not None and self.rpm <= 0) or (self.tpm is not None and self.tpm <= 0):
            raise GatewayConfigError("AI_RPM and AI_TPM must be above 0.", hint="Leave them empty for no fixed rate.")
        if not 1 <= self.embedding_batch <= 2048:
            raise GatewayConfigError("An embedding batch holds 1 to 2048 texts.")
        if self.base_url is not None:
            parts = urlsplit(self.base_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise GatewayConfigError(
                    "The address of the LLM endpoint is not an http(s) URL.",
                    hint="Set OPENAI_BASE_URL, for example https://api.openai.com/v1.",
                )
            if parts.username or parts.password:
                raise GatewayConfigError(
                    "The address of the LLM endpoint holds a user name or password.",
                    hint="Take it out of OPENAI_BASE_URL and set OPENAI_API_KEY.",
                )
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise GatewayConfigError(
                "The API key holds characters that no key has (a line break, a letter that is not Latin).",
                hint="Check OPENAI_API_KEY.",
            )

    @property
    def embedded(self) -> bool:
        """True when no endpoint is configured and the platform's own service answers, in process."""
        return self.base_url is None

    @property
    def secret(self) -> str:
        """The key where it is one, else empty: servers without keys are given ``x`` or ``ollama``, and blotting those
        out would break any reply (``"tok"`` stands in every ``prompt_tokens``)."""
        return self.api_key if self.api_key is not None and len(self.api_key) >= _LEAST_SECRET else ""

    @property
    def endpoint(self) -> str:
        """The address as ledger and messages show it: no query, no credentials."""
        if self.base_url is None:
            return EMBEDDED_ENDPOINT
        return _shown(self.base_url)

    @property
    def limit_field(self) -> str:
        """OpenAI's newer models refuse ``max_tokens``; compatible servers know only that."""
        host = urlsplit(self.base_url or "").hostname or ""
        openai = host == "api.openai.com" or host.endswith(".openai.azure.com")
        return "max_completion_tokens" if openai else "max_tokens"
