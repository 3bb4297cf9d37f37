"""What people do while the real platform runs: webserver, daemon and code locations, each a process of its own.

One start and one look of the sensor for all of them, since these cost a minute on two cores: each test has a source of
its own in ``DROPS``.
"""

from __future__ import annotations

import contextlib
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
from vitrina.servers.graphql import DagsterSilent
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig
from vitrina.workbench import dagster
from vitrina.workbench.options import ProcessingOptions

#: What lies in the bucket when the platform comes up, by source.
DROPS = {
    "cosmetics": (
        "Артикул;Наименование;Цена;Бренд;Описание\n"
        "A-1;Крем для рук увлажняющий, 75 мл;120;Defne;Крем с оливковым маслом и пантенолом. Быстро впитывается.\n"
    ),
    "riddle": "foo;bar\nКрем для рук;100\nМыло;50\n",
}
HANG = 400  # seconds: a watchdog, no figure

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * HANG)]


@pytest.fixture(scope="module")
def platform() -> Iterator[tuple[Path, Stack]]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="vitrina-running-") as name:
        for variable in ("DATABASE_URL", "DAGSTER_DATABASE_URL", "DAGSTER_HOME", "VITRINA_HOME"):
            patch.delenv(variable, raising=False)
        home = Path(name)
        home.chmod(0o711)
        for source, text in DROPS.items():
            folder = home / "objects" / "drops" / source
            folder.mkdir(parents=True)
            (folder / "list.csv").write_text(text, encoding="utf-8")
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


def rows(home: Path, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(EmbeddedPostgres(home).connection().dsn_socket()) as connection:
        return list(connection.execute(statement).fetchall())  # type: ignore[call-overload]


def until(what: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG
    while True:
        with contextlib.suppress(DagsterSilent):  # on a busy machine a question may wait longer than its asker
            if ready():
                return
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.5)


def test_a_product_is_processed_now_and_its_run_followed_to_the_end(platform: tuple[Path, Stack]) -> None:
    home, stack = platform

    def followed(run_id: str) -> dagster.RunState:
        """The states that a page would show, to the last one."""
        seen: list[dagster.RunState] = []

        def ended() -> bool:
            state = dagster.state_of(stack.api, run_id)
            assert state is not None
            seen.append(state)
            return not state.going_on

        until(f"the run {run_id} ends", ended)
        return seen[-1]

    until("the product is read", lambda: len(rows(home, "SELECT id FROM catalog_product")) == 1)
    product = rows(home, "SELECT id FROM catalog_product")[0][0]

    options = ProcessingOptions(categorise=False, force=True, again=1)
    run_id = dagster.process(stack.api, product, options, person=7)
    last = followed(run_id)
    assert (last.status, last.job) == ("SUCCESS", "process_products"), last.lines
    assert (last.tags["vitrina/product"], last.tags["vitrina/asked_by"]) == (str(product), "7")
    assert last.steps
    assert {status for _step, status in last.steps} == {"SUCCESS"}
    assert last.lines, "what it did is said"
    assert last.ended is not None
    assert rows(home, f"SELECT count(*) FROM content_processinglog WHERE product_id = {product}") != [(0,)]

    failed_id = dagster.process(stack.api, product, ProcessingOptions(template="нет такого"), person=7)
    failed = followed(failed_id)
    assert failed.status == "FAILURE"
    assert any(line.bad and "no active template" in line.text for line in failed.lines)
    assert [run.run_id for run in dagster.runs_of_product(stack.api, product)] == [failed_id, run_id]
    assert dagster.state_of(stack.api, "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11") is None


def test_a_drop_is_read_again_after_its_source_yaml_was_mended(platform: tuple[Path, Stack]) -> None:
    home, stack = platform

    def states() -> list[tuple[str, int]]:
        return rows(home, "SELECT state, accepted FROM catalog_drop WHERE key LIKE 'riddle%'")

    def told() -> dict[str, Any]:
        return next(drop for drop in vitrina(home, "drop", "list")["drops"] if drop["key"].startswith("riddle"))

    until("the drop is refused", lambda: states() == [("unreadable", 0)])
    drop = told()
    assert "source.yaml" in drop["message"]
    (home / "objects" / "drops" / "riddle" / "source.yaml").write_text(
        "mapping: {foo: title, bar: price}\n", encoding="utf-8"
    )
    asked = vitrina(home, "drop", "retry", drop["key"])
    assert asked["drop"] == drop["key"]

    def status() -> str:
        return next(run.status for run in stack.api.runs() if run.run_id == asked["run"])

    until("the run ends", lambda: status() in {"SUCCESS", "FAILURE"})
    assert (status(), states()) == ("SUCCESS", [("parsed", 2)])
    again = told()
    assert (again["state"], again["message"]) == ("parsed", "")
