"""The small parts: locks, processes, environment, workspace, manifest, watchdog."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from vitrina.errors import PermanentError, RetryableError
from vitrina.servers import environment, manifest, watchdog
from vitrina.servers.children import last_line
from vitrina.servers.locks import FileLock
from vitrina.servers.processes import MARK_VARIABLE, ProcessId, end_marked, free_port, listener, marked, port_is_free

ROOT = Path(__file__).resolve().parents[2]


def sleeper(**variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], env={**os.environ, **variables})


def test_a_lock_keeps_others_out_until_its_holder_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    first, second = FileLock(path), FileLock(path)
    assert first.try_acquire()
    assert not second.try_acquire()
    with pytest.raises(RetryableError, match="Another process"):
        second.acquire(timeout_s=0)
    first.release()
    assert second.try_acquire()
    second.release()


def test_shared_locks_stand_side_by_side_and_the_last_one_can_become_exclusive(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire(shared=True)
    assert second.try_acquire(shared=True)
    assert not first.try_acquire()
    second.release()
    first.release()
    assert first.try_acquire()
    first.release()


def test_a_number_given_to_another_process_is_not_the_process() -> None:
    with sleeper() as process:
        known = ProcessId.of(process.pid)
        assert known.process() is not None
        assert ProcessId(known.pid, known.created - 60).process() is None
        process.kill()
        process.wait()
        assert known.process() is None


def test_only_marked_processes_are_ended() -> None:
    with sleeper(**{MARK_VARIABLE: "test-mark-1"}) as ours, sleeper() as stranger:
        try:
            assert [process.pid for process in marked("test-mark-1")] == [ours.pid]
            assert end_marked("test-mark-1", grace_s=60) == 1
            ours.wait(timeout=60)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_who_listens_on_a_port_is_named() -> None:
    import socket

    # Between two looks somebody else on this machine may take a port
    assert any(port_is_free(free_port()) for _ in range(5))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not port_is_free(port)
        assert f"pid {os.getpid()}" in str(listener(port))


def test_the_url_of_dagster_gets_its_driver_and_keeps_the_socket() -> None:
    url = "postgresql://vitrina@/vitrina?host=%2Ftmp%2Fa%20b%2Fs&port=5544"
    beside = environment.beside(url, "dagster")
    assert environment.sqlalchemy_url(beside) == (
        "postgresql+psycopg2://vitrina@/dagster?host=%2Ftmp%2Fa%20b%2Fs&port=5544"
    )
    assert environment.beside("postgresql://u:p%40@host:1/a", "dagster") == "postgresql://u:p%40@host:1/dagster"


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql://host:5432", "dagster"])
def test_a_url_that_dagster_cannot_use_is_refused_in_words(url: str) -> None:
    with pytest.raises(PermanentError, match="postgresql://user"):
        environment.sqlalchemy_url(url)


def test_the_workspace_of_the_repository_is_read_and_turned_into_servers(tmp_path: Path) -> None:
    locations = environment.read_workspace(ROOT / "workspace.yaml")
    assert [location.name for location in locations] == ["catalog", "feedback", "training", "insight"]
    path = environment.write_workspace(tmp_path / "workspace.yaml", {"catalog": Path("/s/catalog.sock")})
    assert yaml.safe_load(path.read_text()) == {
        "load_from": [{"grpc_server": {"host": "localhost", "socket": "/s/catalog.sock", "location_name": "catalog"}}]
    }


@pytest.mark.parametrize("text", ["", "load_from: [x.py]", "load_from: [{python_file: a.py}]", "{{"])
def test_a_workspace_of_another_kind_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "workspace.yaml"
    path.write_text(text)
    with pytest.raises(PermanentError, match="python_module"):
        environment.read_workspace(path)


def test_the_processes_get_every_variable_of_dagster_yaml_and_no_telemetry(tmp_path: Path) -> None:
    import re

    home = environment.prepare_dagster_home(tmp_path, ROOT)
    variables = environment.process_environment(
        home=tmp_path, project=ROOT, dagster_home=home, dagster_url="postgresql://a@/b?host=/s", mark="m"
    )
    wanted = set(re.findall(r"env: (\w+)", (home / "dagster.yaml").read_text()))
    assert wanted <= set(variables)
    assert variables["DAGSTER_DISABLE_TELEMETRY"] == "1"
    assert yaml.safe_load((home / "dagster.yaml").read_text())["telemetry"] == {"enabled": False}


def test_a_manifest_is_stale_when_missing_or_older_than_a_model(tmp_path: Path) -> None:
    (tmp_path / manifest.PROJECT_FOLDER / "models").mkdir(parents=True)
    model = tmp_path / manifest.PROJECT_FOLDER / "models" / "a.sql"
    model.write_text("select 1")
    assert manifest.is_stale(tmp_path)
    manifest.manifest_file(tmp_path).parent.mkdir(parents=True)
    manifest.manifest_file(tmp_path).write_text("{}")
    os.utime(model, (1, 1))
    assert not manifest.is_stale(tmp_path)
    os.utime(model, (time.time() + 10, time.time() + 10))
    assert manifest.is_stale(tmp_path)
    assert manifest.build_manifest(tmp_path, os.environ, tmp_path / "log") is False  # no dbt project here


def test_a_watchdog_that_hears_a_farewell_ends_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with sleeper(**{MARK_VARIABLE: "test-mark-2"}) as process:
        os.write(writing, watchdog.FAREWELL)
        assert watchdog.watch(tmp_path, "test-mark-2", embedded=False, source=reading) is True
        assert process.poll() is None
        process.kill()
    os.close(reading)
    os.close(writing)


def test_a_watchdog_whose_supervisor_vanished_ends_what_carries_the_mark(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    reading, writing = os.pipe()
    with sleeper(**{MARK_VARIABLE: "test-mark-3"}) as process:
        os.close(writing)
        assert watchdog.watch(tmp_path, "test-mark-3", embedded=False, source=reading) is False
        process.wait(timeout=60)
    os.close(reading)
    assert (tmp_path / "run" / "interrupted").read_text() == "test-mark-3"


def test_the_last_line_of_a_log_is_the_last_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\n  two  \n\n \n", encoding="utf-8")
    assert last_line(log) == "two"
    log.write_text("Traceback:\n  x\npkg.mod.SomeError: no table\nexecutable_path=a\n", encoding="utf-8")
    assert last_line(log) == "pkg.mod.SomeError: no table"
    log.write_text("")
    assert last_line(log) == "nothing was said"


def test_the_watchdog_starts_without_heavy_libraries() -> None:
    heavy = {"django", "dagster", "pandas", "yaml"}
    code = f"import sys, vitrina.servers.watchdog; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout.strip() == "[]"
