"""Training of models: what they start from, and where promoted ones are pushed to."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class Training(BaseSettings):
    """From preferences to models. The Hub's token and address stand with the datasets."""

    # Training
    train_base: str = Field(
        "",
        description="Pretrained model that models which write start from, such as Qwen/Qwen3-0.6B (with "
        "HF_HUB_OFFLINE=0) or a folder; empty: a small one from configuration. A run's own settings go first.",
    )
    reward_base: str = Field("", description="The same for reward models of the kind transformer.")
    hf_model_repo: str | None = Field(
        None,
        description="owner/name on the Hugging Face Hub that promoted models are pushed to, with -reward, -sft or "
        "-policy at its end; empty: none.",
    )
    hf_model_public: bool = Field(False, description="Make those repositories public when they are created.")
