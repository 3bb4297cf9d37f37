"""The model gateway, wired to the settings and the ledger. Stays out: prompts, contracts, what answers mean."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dagster as dg
from pydantic import Field

from vitrina.llm.gateway import Gateway
from vitrina.llm.wiring import open_gateway

#: A run's tag that overrides ``AI_MODE``: schedules and backfills that can wait are launched with ``batch``.
MODE_TAG = "vitrina/llm_mode"
#: ``ask`` has an online run ask again, and pay again, what waits in a batch; overrides ``AI_BATCH_PENDING``.
PENDING_TAG = "vitrina/llm_pending"


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
            tags: The run's tags; ``vitrina/llm_mode`` and ``vitrina/llm_pending`` count.
        """
        tags = tags or {}
        mode, pending = self.mode or tags.get(MODE_TAG), tags.get(PENDING_TAG)
        with open_gateway(run_id=run_id, mode=mode or None, pending=pending or None) as gateway:
            yield gateway
