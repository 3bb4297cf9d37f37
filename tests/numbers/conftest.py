"""People, batches and marts for tests of numbers."""

from __future__ import annotations

from tests.desk.conftest import browser, client_of, desk, person
from tests.review.conftest import make_batch, people

__all__ = ["browser", "client_of", "desk", "make_batch", "people", "person"]
