"""``vitrina drop retry`` against the real platform: daemon, webserver, a run of its own.

One long test: a start costs half a minute on two cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import REPOSITORY
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig

HANG = 240  # seconds: a watchdog, no figure


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Stack]]:
    for name in ("DATABASE_URL", "DAGSTER_DATABASE_URL", "DAGSTER_HOME", "VITRINA_HOME"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="vitrina-retry-") as name:
        home = Path(name)
        home.chmod(0o711)
        stack = Stack(StackConfig(home, REPOSITORY, port=0), say=lambda _: None)
        try:
            stack.start()
            yield home, stack
        finally:
            stack.stop()
            EmbeddedPostgres(home).remove_data()


def vitrina(home: Path, *arguments: str) -> dict[str, Any]:
    """A command as another terminal would run it."""
    ended = subprocess.run(
        [sys.executable, "-c", "from vitrina.cli.main import main; main()", *arguments, "--json"],
        cwd=REPOSITORY, env={**os.environ, "VITRINA_HOME": str(home)}, capture_output=True, text=True, timeout=HANG,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    return dict(json.loads(ended.stdout))


def until(what: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG
    while not ready():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(3 * HANG)
def test_a_drop_is_read_again_after_its_source_yaml_was_mended(platform: tuple[Path, Stack]) -> None:
    home, stack = platform
    folder = home / "objects" / "drops" / "shop"
    folder.mkdir(parents=True)
    (folder / "list.csv").write_text("foo;bar\nКрем для рук;100\nМыло;50\n", encoding="utf-8")

    def states() -> list[tuple[str, int]]:
        with psycopg.connect(EmbeddedPostgres(home).connection().dsn_socket()) as connection:
            return list(connection.execute("SELECT state, accepted FROM catalog_drop").fetchall())

    until("the drop is refused", lambda: states() == [("unreadable", 0)])
    [drop] = vitrina(home, "drop", "list")["drops"]
    assert "source.yaml" in drop["message"]
    (folder / "source.yaml").write_text("mapping: {foo: title, bar: price}\n", encoding="utf-8")
    asked = vitrina(home, "drop", "retry", drop["key"])
    assert asked["drop"] == drop["key"]

    def status() -> str:
        return next(run.status for run in stack.api.runs() if run.run_id == asked["run"])

    until("the run ends", lambda: status() in {"SUCCESS", "FAILURE"})
    assert (status(), states()) == ("SUCCESS", [("parsed", 2)])
    [again] = vitrina(home, "drop", "list")["drops"]
    assert (again["state"], again["message"]) == ("parsed", "")
