"""Where commands run: a home folder of nobody, an endpoint without faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.llm_server import RunningServer, running_server
from vitrina.config import get_settings


@pytest.fixture
def never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder in which nothing was ever started."""
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    yield tmp_path / "home"
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def _server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(_server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    """An endpoint without faults that the settings name, and a ledger of this test's own."""
    _server.reset()
    monkeypatch.setenv("OPENAI_BASE_URL", _server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("AI_MODEL", "gpt-4o-mini")
    monkeypatch.setenv("AI_STRUCTURED_OUTPUT", "json_schema")
    get_settings.cache_clear()
    return _server


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"
