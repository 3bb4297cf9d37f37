"""The gateway of the settings: endpoint, ledger, prices.

Belongs here: translating :mod:`vitrina.config` to :mod:`vitrina.llm.config`. Stays out: everything the gateway does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vitrina.config import Settings, get_settings
from vitrina.llm.capabilities import PostgresCapabilities
from vitrina.llm.config import BreakerPolicy, GatewayConfig, RetryPolicy
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.outcomes import GatewayConfigError
from vitrina.llm.pricing import load_overrides


def gateway_config(settings: Settings, *, run_id: str = "") -> GatewayConfig:
    """The gateway's configuration.

    Raises:
        GatewayConfigError: an address, key or price file is wrong.
    """
    key = settings.openai_api_key
    return GatewayConfig(
        base_url=settings.openai_base_url,
        api_key=key.get_secret_value() if key is not None else None,
        model=settings.ai_model,
        embedding_model=settings.ai_embedding_model,
        concurrency=settings.ai_concurrency,
        timeout_s=settings.ai_timeout_seconds,
        retry=RetryPolicy(
            rate_limit_patience_s=settings.ai_rate_limit_patience_seconds,
            outage_patience_s=settings.ai_outage_patience_seconds,
            max_rephrased=int(settings.ai_rephrase_refusals),
        ),
        rpm=settings.ai_rpm,
        tpm=settings.ai_tpm,
        breaker=BreakerPolicy(
            failure_rate=settings.ai_breaker_failure_rate,
            min_samples=settings.ai_breaker_min_samples,
            window_s=settings.ai_breaker_window_seconds,
            open_s=settings.ai_breaker_open_seconds,
            max_open_s=max(10.0, settings.ai_breaker_open_seconds),
        ),
        fallback_model=settings.ai_fallback_model,
        budget_usd=settings.ai_run_budget_usd,
        day_budget_usd=settings.ai_day_budget_usd,
        purpose_budgets_usd=settings.ai_purpose_budgets_usd,
        allow_unknown_prices=settings.ai_allow_unknown_prices,
        prices=load_overrides(settings.ai_prices_file) if settings.ai_prices_file else None,
        run_id=run_id,
        dialect=settings.ai_dialect,
        structured=settings.ai_structured_output,
        mode=settings.ai_mode,
        batch_poll_s=settings.ai_batch_poll_seconds,
        batch_wait_s=settings.ai_batch_wait_seconds,
        batch_pending=settings.ai_batch_pending,
        context_tokens=settings.ai_context_tokens,
    )


def embedding_config(settings: Settings, *, run_id: str = "", embedded: bool = False) -> GatewayConfig:
    """The gateway's configuration for embeddings: the endpoint when a model is named there, else the embedded service.

    A chat endpoint without an embedding model keeps chat; vectors come from the embedded service then.

    Args:
        embedded: The embedded service, whatever is configured.

    Raises:
        GatewayConfigError: an embedding model is named without an endpoint that could have it.
    """
    config = gateway_config(settings, run_id=run_id)
    if config.embedding_model and not embedded:
        if config.embedded:
            raise GatewayConfigError(
                f"AI_EMBEDDING_MODEL names {config.embedding_model}, but there is no endpoint to ask.",
                hint="Set OPENAI_BASE_URL, or leave AI_EMBEDDING_MODEL empty for the embedded embedder.",
            )
        return config
    return replace(config, base_url=None, api_key=None, embedding_model=None)


@contextmanager
def open_gateway(
    settings: Settings | None = None,
    *,
    run_id: str = "",
    config: GatewayConfig | None = None,
    mode: str | None = None,
    pending: str | None = None,
) -> Iterator[Gateway]:
    """A gateway over the platform's ledger, closed at the end.

    Args:
        config: Taken instead of the one that the settings make.
        mode, pending: Instead of ``AI_MODE`` and ``AI_BATCH_PENDING``.

    Raises:
        GatewayConfigError: an address, key, price file or mode is wrong.
    """
    from vitrina.project.database import database_url, psycopg_dsn

    settings = settings or get_settings()
    dsn = psycopg_dsn(database_url(settings))
    ledger = PostgresLedger(dsn)
    config = config or gateway_config(settings, run_id=run_id)
    if mode is not None:
        config = replace(config, mode=mode)
    if pending is not None:
        config = replace(config, batch_pending=pending)
    try:
        with Gateway(config, ledger, capabilities=PostgresCapabilities(dsn)) as gateway:
            yield gateway
    finally:
        ledger.close()
