"""Language models: the endpoint that is asked, its limits and money, and the service of our own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class LanguageModels(BaseSettings):
    """The gateway and the model service."""

    # Language models: empty base URL means the embedded model service
    openai_base_url: str | None = Field(
        None, description="OpenAI-compatible endpoint, with /v1; empty: the embedded offline writer."
    )
    openai_api_key: SecretStr | None = Field(None, description="Key for that endpoint.")
    ai_model: str = Field("vitrina-offline", description="Chat model.")
    ai_vision_model: str | None = Field(
        None, description="Model at the same endpoint that looks at pictures; empty: pictures are measured alone."
    )
    ai_max_images_per_product: int = Field(3, ge=1, le=20, description="Pictures of one product that it looks at.")
    ai_embedding_model: str | None = Field(
        None, description="Dense embedding model at the same endpoint; empty: the embedded embedder."
    )
    ai_concurrency: int = Field(15, ge=1, description="LLM calls at once, over all processes.")
    task_concurrency: int = Field(100, ge=1, description="Tasks of agents and worlds at once, over all processes.")
    ai_rpm: float | None = Field(None, gt=0, description="Requests a minute for each model; empty: measured.")
    ai_tpm: float | None = Field(None, gt=0, description="Tokens a minute for each model; empty: not limited.")
    ai_timeout_seconds: float = Field(120.0, gt=0, description="Deadline of one LLM call.")
    ai_rate_limit_patience_seconds: float = Field(900.0, ge=0, description="How long a call may wait for 429s in all.")
    ai_breaker_failure_rate: float = Field(0.5, gt=0, le=1, description="Share of failed calls that opens a breaker.")
    ai_breaker_min_samples: int = Field(20, ge=1, description="… among at least so many calls of the window.")
    ai_breaker_window_seconds: float = Field(30.0, gt=0, description="… which is so long.")
    ai_breaker_open_seconds: float = Field(5.0, gt=0, description="Time until an open breaker sends a first probe.")
    ai_outage_patience_seconds: float = Field(
        3600.0, ge=0, description="How long a call waits for an endpoint that is out, in all."
    )
    ai_fallback_model: str | None = Field(
        None, description="Model at the same endpoint that answers while the breaker of the wanted one is open."
    )
    ai_rephrase_refusals: bool = Field(True, description="Ask once more, in neutral words, after a refusal.")
    ai_run_budget_usd: Decimal | None = Field(None, ge=0, description="Most a run may spend; empty: no limit.")
    ai_day_budget_usd: Decimal | None = Field(None, ge=0, description="Most a UTC day may cost; empty: no limit.")
    ai_purpose_budgets_usd: dict[str, Annotated[Decimal, Field(ge=0)]] = Field(
        default_factory=dict,
        description="Most a UTC day may cost by purpose, as JSON (purpose to USD); empty: no limit.",
    )
    ai_allow_unknown_prices: bool = Field(False, description="Let a budgeted run use a model whose price is unknown.")
    ai_prices_file: Path | None = Field(None, description="YAML of prices that override the bundled table.")
    ai_dialect: str = Field(
        "auto", description="Server: auto, openai, ollama, vllm, llamacpp, gemini, lmstudio, compatible."
    )
    ai_structured_output: str = Field(
        "auto", description="How JSON is asked for first: auto (probed), json_schema, tools, json_object, text."
    )
    ai_mode: str = Field("online", description="online, batch (half price, within a day), replay (ledger only).")
    ai_batch_poll_seconds: float = Field(60.0, gt=0, description="How often a provider's batch is looked at.")
    ai_batch_wait_seconds: float = Field(93600.0, ge=0, description="How long a run waits for its batches.")
    ai_batch_pending: str = Field(
        "leave", description="What an online run does with questions that wait in a batch: leave, ask (pays twice)."
    )
    ai_context_tokens: int = Field(32768, ge=2048, description="Most context asked of Ollama, in tokens.")

    # The model service (vitrina serve-models)
    vitrina_model_service_token: SecretStr | None = Field(
        None, description="Token that `vitrina serve-models` asks for; a must beyond this machine."
    )
    serve_models: str | None = Field(
        None, description="Local transformers models, as JSON or the path of a YAML file (docs/model-service.md)."
    )
    serve_queue: int = Field(64, ge=1, description="Requests that the service has under way; further ones get 429.")
    serve_timeout_seconds: float = Field(600.0, gt=0, description="Deadline of one request to the service.")
    serve_models_idle_seconds: float = Field(
        300.0, ge=0, description="The process of trained models ends when nobody has asked so long; 0: never."
    )
