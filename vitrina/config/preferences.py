"""Candidates, pairs to compare, and datasets of preferences."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Preferences(BaseSettings):
    """From several texts of one product to a dataset."""

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
