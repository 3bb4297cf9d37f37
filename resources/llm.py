"""The model gateway, wired to the settings and the ledger. Stays out: prompts, contracts, what answers mean."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from vitrina.llm.gateway import Gateway
from vitrina.llm.wiring import open_gateway


class LlmResource(dg.ConfigurableResource):
    """Opens a gateway for a run: the configured endpoint, or the embedded service where none is."""

    @contextmanager
    def gateway(self, run_id: str) -> Iterator[Gateway]:
        """A gateway whose ledger rows carry the run's id."""
        with open_gateway(run_id=run_id) as gateway:
            yield gateway
