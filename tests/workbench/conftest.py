"""What the tests of work by hand share: people, clients, counted statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.desk.conftest import browser, client_of, desk, person

__all__ = ["browser", "client_of", "desk", "person"]


@pytest.fixture
def django_statements() -> Callable[[Callable[[], Any]], int]:
    """How many statements a call sends."""

    def count(action: Callable[[], Any]) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            action()
        return len(captured)

    return count
