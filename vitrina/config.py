"""Every setting of the platform, typed, from the environment or ``.env``.

Belongs here: names, types, defaults and help of settings; where things lie by default. Stays out: any use of them.
``.env.example`` holds the same list for people; a test keeps the two equal.
"""

from __future__ import annotations

import os
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """All settings. Field names are the environment variables in lower case, but where an alias is given."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )

    # Where things lie
    vitrina_home: Path = Field(
        PROJECT_ROOT / ".vitrina",
        description="Everything that a run makes lies below this folder; relative paths begin at the project's.",
    )
    vitrina_port: int = Field(3000, ge=1, le=65_535, description="Port of the Dagster UI, on loopback.")
    vitrina_samples: Path = Field(PROJECT_ROOT / "samples", description="Sample drops, categories and templates.")
    vitrina_lexicon: Path | None = Field(None, description="Your own words, merged over the built-in lexicon.")
    vitrina_secret_key: SecretStr | None = Field(
        None, description="Django's secret key; made and kept in the home folder when empty."
    )
    vitrina_pg_bin: Path | None = Field(
        None, description="Folder of PostgreSQL binaries to use for the embedded server."
    )

    # PostgreSQL: empty means the embedded server
    database_url: SecretStr | None = Field(
        None, description="postgresql://user:password@host:port/name; empty: the embedded server."
    )
    dagster_database_url: SecretStr | None = Field(
        None, description="Dagster's own database; empty: 'dagster' beside the platform's."
    )

    # Vectors
    qdrant_url: str | None = Field(None, description="http://host:6333 of a Qdrant server; empty: embedded.")
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")

    vector_search: dict[str, Literal["sparse", "dense", "hybrid"]] = Field(
        {"categories": "sparse", "description_templates": "hybrid", "product_vectors": "hybrid"},
        description="How each collection is searched, as JSON: sparse, dense, or hybrid.",
    )

    # Objects: an S3 API (Cloudflare R2, any S3) or a local folder
    s3_endpoint_url: str | None = Field(
        None,
        validation_alias=AliasChoices("S3_ENDPOINT_URL", "R2_ENDPOINT_URL"),
        description="Endpoint of the S3 API; empty with a bucket: AWS.",
    )
    s3_bucket: str | None = Field(
        None,
        validation_alias=AliasChoices("S3_BUCKET", "R2_BUCKET"),
        description="Bucket; empty: a local folder is used instead.",
    )
    s3_access_key_id: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("S3_ACCESS_KEY_ID", "R2_ACCESS_KEY_ID"),
        description="Access key id of the bucket.",
    )
    s3_secret_access_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("S3_SECRET_ACCESS_KEY", "R2_SECRET_ACCESS_KEY"),
        description="Secret key of the bucket.",
    )
    s3_region: str = Field(
        "auto", validation_alias=AliasChoices("S3_REGION", "R2_REGION"), description="Region; R2 wants 'auto'."
    )
    s3_prefix: str = Field(
        "", validation_alias=AliasChoices("S3_PREFIX", "R2_PREFIX"), description="Prefix of every key in the bucket."
    )

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

    # Pictures
    cdn_prefix: str | None = Field(
        None, description="Address under which the keys of the object store are public; empty: they are not."
    )
    image_max_per_product: int = Field(5, ge=0, le=50, description="Pictures fetched for one product; 0: none.")
    image_max_bytes: int = Field(10_000_000, ge=1000, description="Largest file that is taken.")
    image_timeout_seconds: float = Field(30.0, gt=0, description="Deadline of one download, redirects included.")
    image_concurrency: int = Field(10, ge=1, description="Downloads at once, over all processes.")
    image_host_concurrency: int = Field(4, ge=1, description="… from one host.")
    image_host_interval_seconds: float = Field(
        0.05, ge=0, description="Pause between the starts of two downloads from one host."
    )
    image_allow_hosts: str = Field(
        "",
        pattern=r"^[\s,]*([^\s,/]+:\d{1,5}[\s,]*)*$",
        description="host:port pairs of inner networks that may be asked, separated by commas.",
    )
    image_recheck_days: int = Field(
        30, ge=1, description="A run asks again (conditionally) for addresses that answered so long ago."
    )
    image_workers: int = Field(2, ge=1, description="Processes that decode; the number of cores is right.")
    image_decode_seconds: float = Field(15.0, gt=0, description="Deadline of decoding one file.")
    image_decode_memory_mb: int = Field(768, ge=64, description="Memory for decoding one file.")
    image_failed_warn_share: float = Field(
        0.2, ge=0, le=1, description="The check warns above this share of addresses without a picture."
    )
    image_cutouts: bool = Field(False, description="Also keep a PNG without background of every analysed picture.")
    image_keep_days: int = Field(30, ge=1, description="Pictures that no product names are kept so long.")
    image_temp_keep_days: int = Field(2, ge=1, description="Objects below temp/ are kept so long.")

    # The desk
    desk_port: int = Field(3001, ge=1, le=65_535, description="Port of the review desk, on loopback.")
    desk_public_url: str | None = Field(
        None, description="https://… that people open the desk at, behind your proxy; empty: loopback only."
    )
    desk_upload_mb: int = Field(100, ge=1, le=10_000, description="Megabytes that one drop may have at the desk.")
    dagster_url: str | None = Field(
        None, description="Where the desk asks for runs; empty: the platform that runs from the home folder."
    )
    api_rate_per_minute: int = Field(100, ge=1, description="Calls of the API a minute a person.")
    api_work_rate_per_minute: int = Field(
        300, ge=1, description="… of taking, keeping and deciding items, which are counted apart."
    )
    google_client_id: str | None = Field(
        None, description="Sign-in by Google: client id; its callback is <desk>/accounts/google/login/callback/."
    )
    google_client_secret: SecretStr | None = Field(None, description="… and its secret.")
    github_client_id: str | None = Field(
        None, description="Sign-in by GitHub: client id; its callback is <desk>/accounts/github/login/callback/."
    )
    github_client_secret: SecretStr | None = Field(None, description="… and its secret.")
    smtp_host: str | None = Field(
        None, description="Mail server for invitations and passwords; empty: an administrator hands over the links."
    )
    smtp_port: int = Field(587, ge=1, le=65_535, description="465 speaks TLS at once, 587 by STARTTLS.")
    smtp_user: str | None = Field(None, description="User of the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password of the mail server.")
    smtp_from: str | None = Field(None, description="Sender of the desk's mails.")

    # From decisions to runs
    decisions_run_at: int = Field(20, ge=1, description="So many decisions about cases ask for a run at once.")
    decisions_run_after_seconds: float = Field(10.0, ge=0, description="… and fewer when the oldest waited so long.")
    preferences_run_at: int = Field(50, ge=1, description="So many votes and edits ask for new preferences at once.")
    preferences_run_after_seconds: float = Field(600.0, ge=0, description="… and fewer when the oldest waited so long.")

    # Best of n, and short cards
    best_of: int = Field(
        1,
        ge=1,
        le=64,
        description="Texts written for each product by each writer, of which the reward model keeps one.",
    )
    card_writer: Literal["embedded", "model"] = Field(
        "embedded", description="Who writes short cards: the embedded writer, which costs nothing, or AI_MODEL."
    )

    # Pairs to compare, and datasets of preferences
    pair_contract: Literal["card", "description"] = Field(
        "card", description="What is compared: short cards (160-380 characters) or full descriptions."
    )
    pair_writers: list[dict[str, Any]] = Field(
        default_factory=list,
        description="Who writes the texts, as JSON (docs/preferences.md); empty: the model at two temperatures, or the "
        "embedded writer and a variant.",
    )
    pair_products: int = Field(50, ge=1, description="Products of which one run makes pairs.")
    pair_shares: dict[
        Literal["new", "uncertain", "random", "least_certain", "best_of"], Annotated[float, Field(ge=0)]
    ] = Field(
        {"new": 0.4, "uncertain": 0.2, "random": 0.2, "least_certain": 0.2},
        description="How products are chosen, as JSON: shares of new ones, doubtful ones, random ones, those of which "
        "the reward model is least certain, and best_of: its choice against a random other text of the same product.",
    )
    pair_overlap: int = Field(2, ge=1, le=50, description="People who compare each pair.")
    pair_gold_share: float = Field(
        0.05, ge=0, le=0.5, description="Share of shown pairs whose answer is known, in batches that have such pairs."
    )
    pair_batch_size: int = Field(500, ge=1, description="Pairs of one batch at the desk; then the next is made.")
    pair_queue_low: int = Field(20, ge=0, description="Fewer open pairs than this ask for new ones.")
    dataset_min_new: int = Field(200, ge=1, description="So many new preferences make the next dataset version.")
    dataset_validation_share: float = Field(0.1, ge=0, lt=0.5, description="Share of prompts held out to choose by.")
    dataset_test_share: float = Field(0.1, ge=0, lt=0.5, description="Share of prompts held out to report on.")
    dataset_max_chars: int = Field(8000, ge=100, description="A prompt or an answer longer than this is set aside.")
    dataset_licence: str = Field("other", description="Licence of the dataset, as the Hub names licences.")
    hf_dataset_repo: str | None = Field(
        None, description="owner/name on the Hugging Face Hub that validated datasets are pushed to; empty: none."
    )
    hf_token: SecretStr | None = Field(None, description="Token that may write there.")
    hf_endpoint: str | None = Field(None, description="Another Hub than huggingface.co.")
    hf_dataset_public: bool = Field(False, description="Make the repository public when it is created.")

    # Drops
    drop_settle_seconds: float = Field(
        2.0, ge=0, description="A file counts as written when size and time stood still this long."
    )
    drop_folder_settle_seconds: float = Field(60.0, ge=0, description="The same for a folder without _SUCCESS.")
    drop_tick_limit: int = Field(2000, ge=1, description="Most new drops that one sensor tick takes.")
    drop_runs_each_below: int = Field(4, ge=0, description="Up to so many new drops get a run each; more share ranges.")
    drop_range_size: int = Field(500, ge=1, description="Most drops in one intake run.")

    # Rules
    language: Literal["ru", "en"] = Field(
        "ru", validation_alias="VITRINA_LANGUAGE", description="Language of descriptions."
    )
    category_review_threshold: float = Field(
        0.75, ge=0, le=1, description="Below this final confidence a person decides the category."
    )
    moderation_min_price_rub: Decimal = Field(Decimal(100), description="Cheaper goods go to a person.")
    moderation_min_grounding: float = Field(
        1.0, ge=0, le=1, description="Below this grounding score a text goes to a person."
    )
    rub_rates: dict[str, Decimal] = Field(
        default_factory=lambda: {
            "RUB": Decimal(1), "TRY": Decimal("1.95"), "USD": Decimal(80), "EUR": Decimal(92), "UAH": Decimal("1.9"),
            "KZT": Decimal("0.155"), "BYN": Decimal(26), "CNY": Decimal("11.2"), "AED": Decimal("21.8"),
            "SAR": Decimal("21.3"), "BRL": Decimal("14.6"), "CZK": Decimal("3.8"), "GBP": Decimal(106),
            "KRW": Decimal("0.057"),
        },
        description="Roubles for one unit of a currency, as JSON; used by rules only, never for the shop's prices.",
    )  # fmt: skip
    price_change_bound: float = Field(0.4, gt=0, description="A larger relative change of price goes to a person.")
    list_gate_catalogue_share: float = Field(
        0.2, gt=0, le=1, description="A full list may lack this share of the catalogue at most."
    )
    list_gate_group_share: float = Field(
        0.5, gt=0, le=1, description="… and this share of one brand or category (of 20 goods or more)."
    )
    list_gate_block: int = Field(
        20, ge=1, description="… and no contiguous block of so many goods while nothing else changed."
    )
    list_gate_price_share: float = Field(
        0.3, gt=0, le=1, description="A drop may move this share of its prices beyond the bound at most."
    )
    quarantine_warn_share: float = Field(
        0.1, ge=0, le=1, description="The check warns above this share of quarantined rows."
    )

    # The shop, as its feed names it
    shop_name: str = Field("Vitrina", description="Name of the shop in the market feed.")
    shop_company: str = Field("Vitrina", description="Company behind the shop in the market feed.")
    shop_url: str = Field("https://shop.example", description="Address of the shop in the market feed.")

    # Processing log
    log_keep_days: int = Field(90, ge=1, description="Completed and approved log entries are kept so long.")

    @field_validator("vitrina_home", "vitrina_samples", "vitrina_lexicon")
    @classmethod
    def _from_the_project(cls, path: Path | None) -> Path | None:
        """One file of settings serves processes in any working directory."""
        return None if path is None else PROJECT_ROOT / path.expanduser()

    @field_validator("rub_rates")
    @classmethod
    def _rates_are_positive(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        bad = [code for code, rate in value.items() if rate <= 0]
        if bad:
            raise ValueError(f"the rate of {', '.join(bad)} must be above zero")
        return {code.upper(): rate for code, rate in value.items()} | {"RUB": Decimal(1)}

    @field_validator("cdn_prefix")
    @classmethod
    def _prefix_is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")) or len(value.split()) != 1 or "?" in value or "#" in value:
            raise ValueError("it must be an http or https address without spaces, ? and #")
        return value.rstrip("/") + "/"

    @property
    def objects_folder(self) -> Path:
        """The local object store, used when no bucket is configured."""
        return self.vitrina_home / "objects"

    @property
    def embedded_database(self) -> bool:
        """Whether the platform's own PostgreSQL is used."""
        return self.database_url is None

    def to_rub(self, amount: Decimal, currency: str) -> Decimal | None:
        """Roubles by the configured rate; ``None`` for a currency without one."""
        rate = self.rub_rates.get(currency.upper())
        return None if rate is None else amount * rate


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once. Tests call ``get_settings.cache_clear()``.

    ``VITRINA_ENV_FILE`` names another file than ``.env``, for a second platform beside one's own.
    """
    return Settings(_env_file=os.environ.get("VITRINA_ENV_FILE", PROJECT_ROOT / ".env"))  # type: ignore[call-arg]
