"""The vector index of the settings. Stays out: what is embedded and why."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from vitrina.config import get_settings
from vitrina.vectors.index import VectorIndex


class VectorsResource(dg.ConfigurableResource):
    """Opens the index for a step. The embedded one has one opener at a time: opens are short and wait their turn."""

    @contextmanager
    def index(self) -> Iterator[VectorIndex]:
        """The Qdrant server, or the embedded index."""
        from vitrina.vectors.services import opened_index

        with opened_index(get_settings()) as index:
            yield index
