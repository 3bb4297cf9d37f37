"""“Process now” against the real platform: its webserver launches the run, its daemon works it, the desk follows it.

One long test: a start costs half a minute on two cores.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import REPOSITORY
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig
from vitrina.workbench import dagster
from vitrina.workbench.options import ProcessingOptions

HANG = 400  # seconds: a watchdog, no figure


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Stack]]:
    for name in ("DATABASE_URL", "DAGSTER_DATABASE_URL", "DAGSTER_HOME", "VITRINA_HOME"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="vitrina-now-") as name:
        home = Path(name)
        home.chmod(0o711)
        stack = Stack(StackConfig(home, REPOSITORY, port=0), say=lambda _: None)
        try:
            stack.start()
            yield home, stack
        finally:
            stack.stop()
            EmbeddedPostgres(home).remove_data()


def until(what: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG
    while not ready():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(4 * HANG)
def test_a_product_is_processed_now_and_its_run_followed_to_the_end(platform: tuple[Path, Stack]) -> None:
    home, stack = platform

    def ask(statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(EmbeddedPostgres(home).connection().dsn_socket()) as connection:
            return list(connection.execute(statement).fetchall())  # type: ignore[call-overload]

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

    folder = home / "objects" / "drops" / "shop"
    folder.mkdir(parents=True)
    (folder / "list.csv").write_text(
        "Артикул;Наименование;Цена;Бренд;Описание\n"
        "A-1;Крем для рук увлажняющий, 75 мл;120;Defne;Крем с оливковым маслом и пантенолом. Быстро впитывается.\n",
        encoding="utf-8",
    )
    until("the product is read", lambda: len(ask("SELECT id FROM catalog_product")) == 1)
    product = int(str(ask("SELECT id FROM catalog_product")[0][0]))

    options = ProcessingOptions(categorise=False, force=True, again=1)
    run_id = dagster.process(stack.api, product, options, person=7)
    last = followed(run_id)
    assert (last.status, last.job) == ("SUCCESS", "process_products"), last.lines
    assert (last.tags["vitrina/product"], last.tags["vitrina/asked_by"]) == (str(product), "7")
    assert last.steps
    assert {status for _step, status in last.steps} == {"SUCCESS"}
    assert last.lines, "what it did is said"
    assert last.ended is not None
    assert ask(f"SELECT count(*) FROM content_processinglog WHERE product_id = {product}") != [(0,)]

    failed_id = dagster.process(stack.api, product, ProcessingOptions(template="нет такого"), person=7)
    failed = followed(failed_id)
    assert failed.status == "FAILURE"
    assert any(line.bad and "no active template" in line.text for line in failed.lines)
    assert [run.run_id for run in dagster.runs_of_product(stack.api, product)] == [failed_id, run_id]
    assert dagster.state_of(stack.api, "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11") is None
