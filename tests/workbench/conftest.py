"""What the tests of work by hand share: people, clients, counted statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.desk.conftest import browser, client_of, desk, person
from tests.workbench.dagster_server import FakeDagster, fake_dagster

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


def patience(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """How long pages wait for Dagster, whichever they are."""
    from vitrina.servers.graphql import DagsterApi

    monkeypatch.setattr(
        "vitrina.workbench.dagster.DagsterApi", lambda address, **_: DagsterApi(address, timeout_s=seconds)
    )


@pytest.fixture
def dagster(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDagster]:
    """A platform that seems to run; the desk's settings name it, and wait for it longer than a machine stands still."""
    from vitrina.config import get_settings

    patience(monkeypatch, 120.0)
    with fake_dagster() as fake:
        monkeypatch.setenv("DAGSTER_URL", fake.address)
        get_settings.cache_clear()
        yield fake
    get_settings.cache_clear()


@pytest.fixture
def moderator(person: Callable[..., Any]) -> tuple[Any, Any]:
    """A moderator and their browser, in English."""
    from tests.desk.conftest import new_client

    user = person("moderator")
    client = new_client(headers={"accept-language": "en"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return user, client
