"""The model gateway, wired to the settings and the ledger. Stays out: prompts, contracts, what answers mean."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dagster as dg
from pydantic import Field

from vitrina.llm.gateway import Gateway
from vitrina.llm.wiring import open_gateway

#: A run's tag that overrides ``AI_MODE``: schedules and backfills that can wait are launched with ``batch``.
MODE_TAG = "vitrina/llm_mode"


class LlmResource(dg.ConfigurableResource):
    """Opens a gateway for a run: the configured endpoint, or the embedded service where none is."""

    mode: str = Field(
        default="",
        description="online, batch (the provider's batch service, half the price, within a day) or replay (answers of "
        f"the ledger alone); empty: the run's tag {MODE_TAG}, else AI_MODE.",
    )

    @contextmanager
    def gateway(self, run_id: str, tags: Mapping[str, str] | None = None) -> Iterator[Gateway]:
        """A gateway whose ledger rows carry the run's id.

        Args:
            tags: The run's tags; ``vitrina/llm_mode`` counts.
        """
        mode = self.mode or (tags or {}).get(MODE_TAG, "")
        with open_gateway(run_id=run_id, mode=mode or None) as gateway:
            yield gateway
