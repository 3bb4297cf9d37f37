"""Ends of a stack at awkward moments: while it comes up, and while runs are in progress."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import psycopg
import pytest

from tests.servers.toy import ready, start, statuses, until
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import marked
from vitrina.servers.state import state_file


def recorded(home: Path) -> list[str]:
    """What Dagster's record says of all runs, read while no stack is up."""
    with (
        EmbeddedPostgres(home).session() as server,
        psycopg.connect(server.dsn_socket("dagster")) as session,
    ):
        return [row[0] for row in session.execute("SELECT status FROM runs ORDER BY id")]


def nothing_is_left(home: Path, mark: str | None) -> bool:
    return (mark is None or not marked(mark)) and not EmbeddedPostgres(home).status().running


@pytest.mark.slow
def test_interrupted_while_it_comes_up_it_leaves_nothing_and_the_next_start_works(project: Path) -> None:
    home = project / "home"
    for number, seconds in enumerate((0.4, 1.5, 3.0, 6.0)):
        supervisor = start(project)
        time.sleep(seconds)
        path = state_file(home)
        mark = json.loads(path.read_text())["mark"] if path.is_file() else None
        supervisor.send_signal((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number % 3])
        supervisor.wait(timeout=60)
        assert nothing_is_left(home, mark), (project / "supervisor.log").read_text()

    last = start(project)
    try:
        until(lambda: ready(home), project)
        last.send_signal(signal.SIGTERM)
        assert last.wait(timeout=60) == 0
    finally:
        if last.poll() is None:
            last.kill()


@pytest.mark.slow
def test_runs_in_progress_are_told_to_stop_or_left_to_finish_by_option(project: Path) -> None:
    home = project / "home"
    patient = start(project, "--let-runs-finish", TOY_BRIEF="1")
    try:
        until(lambda: (state := ready(home)) and statuses(state) == ["STARTED"], project)
        patient.send_signal(signal.SIGTERM)
        assert patient.wait(timeout=120) == 0
        assert recorded(home) == ["SUCCESS"]
    finally:
        if patient.poll() is None:
            patient.kill()

    # the sensor asks once for a run key; with its state gone it asks again, for the slow one
    EmbeddedPostgres(home).remove_data()
    hasty = start(project)
    try:
        until(lambda: (state := ready(home)) and statuses(state) == ["STARTED"], project)
        hasty.send_signal(signal.SIGINT)
        assert hasty.wait(timeout=120) == 0
        assert recorded(home) == ["CANCELED"]
        assert not EmbeddedPostgres(home).status().running
    finally:
        if hasty.poll() is None:
            hasty.kill()
