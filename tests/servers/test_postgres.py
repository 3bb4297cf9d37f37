"""The embedded server under the accidents that end ordinary launchers."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from vitrina.errors import PermanentError, RetryableError
from vitrina.servers import pgplaces
from vitrina.servers.pgconnection import postmaster
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.testing import FAST_SETTINGS, make_folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may pass through; pytest's own are closed to others. In memory where there is plenty."""
    folder = make_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(open_folder / "home", settings=FAST_SETTINGS)
    yield made
    made.stop()
    made.remove_data()


def ask(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, connect_timeout=60) as session:
        row = session.execute(query).fetchone()  # type: ignore[call-overload]
    assert row is not None
    return row[0]


def test_a_started_server_answers_by_socket_and_by_tcp(server: EmbeddedPostgres) -> None:
    connection = server.start()
    assert ask(connection.dsn_socket(), "SELECT 1") == 1
    assert ask(connection.dsn_tcp(), "SELECT 1") == 1
    assert ask(connection.dsn_tcp("dagster"), "SELECT current_database()") == "dagster"
    assert ask(connection.dsn_socket(), "SELECT '[1,2]'::vector <-> '[1,3]'::vector") == 1


def test_tcp_wants_the_password_and_keeps_it_from_others(server: EmbeddedPostgres) -> None:
    connection = server.start()
    wrong = connection.dsn_tcp().replace(connection.password, "guess")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(wrong)
    assert (server.run_dir / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert connection.password not in repr(connection)
    assert connection.socket_dir.stat().st_mode & 0o777 == 0o700


def test_cyrillic_works_whatever_lang_says(open_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vitrina.servers.postgres import EmbeddedPostgres as E\n"
        "s = E(Path(sys.argv[1])); print(s.start().dsn_socket())"
    )
    environment = {**os.environ, "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", code, str(open_folder / "home")]
    dsn = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=240
    ).stdout.strip()
    server = EmbeddedPostgres(open_folder / "home")
    try:
        assert ask(dsn, "SELECT lower('ЁЖИК')") == "ёжик"
        assert ask(dsn, "SELECT 'ПЛАТЬЕ' ILIKE 'платье'") is True
        assert ask(dsn, "SELECT to_tsvector('russian', 'НОВЫЕ платья')::text") == "'нов':1 'плат':2"
        assert ask(dsn, "SELECT to_tsvector('turkish', 'PAMUKLU elbiseler')::text") == "'elbise':2 'pamuklu':1"
        assert ask(dsn, "SHOW timezone") == "UTC"
    finally:
        server.stop()
        server.remove_data()


def test_a_second_start_uses_the_running_server(server: EmbeddedPostgres) -> None:
    first = server.start()
    pid = server.status().pid
    assert EmbeddedPostgres(server.home).start() == first
    assert server.status().pid == pid


def test_eight_starters_at_once_get_one_server(server: EmbeddedPostgres) -> None:
    def start(_: int) -> tuple[int, int]:
        code = (
            "import sys; from pathlib import Path; from vitrina.servers.postgres import EmbeddedPostgres as E\n"
            "s = E(Path(sys.argv[1])); c = s.start(); print(c.port, s.status().pid)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(server.home)], capture_output=True, text=True, check=True, timeout=280
        )
        port, pid = done.stdout.split()
        return int(port), int(pid)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(start, range(8)))
    assert len(answers) == 1


def test_stop_stops_and_the_next_start_finds_the_rows(server: EmbeddedPostgres) -> None:
    dsn = server.start().dsn_socket()
    with psycopg.connect(dsn) as session:
        session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.stop() is True
    assert server.stop() is False
    assert server.status().running is False
    assert server.known_url() == dsn
    with pytest.raises(RetryableError, match="not running"):
        server.connection()
    assert ask(server.start().dsn_socket(), "SELECT answer FROM kept") == 42


def test_a_killed_postmaster_is_followed_by_a_recovery(server: EmbeddedPostgres) -> None:
    server = EmbeddedPostgres(server.home)  # with commits on disk, as users have it
    dsn = server.start().dsn_socket()
    with psycopg.connect(dsn) as session:
        session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.wait_procs([psutil.Process(pid)], timeout=5)
    assert ask(server.start().dsn_socket(), "SELECT answer FROM kept") == 42
    assert server.status().pid != pid


def test_a_foreign_process_with_the_pid_of_a_stale_file_lives_on(server: EmbeddedPostgres) -> None:
    server.start()
    data = server.status().data
    text = (data / "postmaster.pid").read_text()
    server.stop()
    user = server._server_user
    # the same user as the server's, which is the hard case: PostgreSQL itself would refuse to start
    with subprocess.Popen(["sleep", "600"], user=user.uid if user else None) as stranger:
        try:
            (data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *text.splitlines()[1:]]) + "\n")
            assert server.status().running is False
            assert server.stop() is False
            assert ask(server.start().dsn_socket(), "SELECT 1") == 1
            assert server.stop() is True
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_path_over_the_limit_of_sockets_with_spaces_and_cyrillic_works(open_folder: Path) -> None:
    home = open_folder / "моя витрина с 'пробелами'" / ("очень длинная папка " * 4) / "home"
    home.mkdir(parents=True)
    assert len(os.fsencode(home)) > pgplaces.SOCKET_LIMIT
    server = EmbeddedPostgres(home, settings=FAST_SETTINGS)
    try:
        connection = server.start()
        assert ask(connection.dsn_socket(), "SELECT 1") == 1
        assert len(os.fsencode(connection.socket_dir / pgplaces.SOCKET_NAME)) <= pgplaces.SOCKET_LIMIT
    finally:
        server.stop()
        server.remove_data()


def test_a_remembered_port_that_is_taken_is_replaced(server: EmbeddedPostgres) -> None:
    import socket

    port = server.start().port
    server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # somebody else was quicker: then it is taken all the same
            taken.bind(("127.0.0.1", port))
            taken.listen()
        assert server.start().port != port
    assert json.loads((server.run_dir / "postgres.json").read_text())["port"] == server.status().connection.port  # type: ignore[union-attr]


def test_the_last_user_of_a_session_stops_the_server(server: EmbeddedPostgres) -> None:
    with server.session() as outer:
        with EmbeddedPostgres(server.home).session() as inner:
            assert inner == outer
        assert server.status().running
    assert not server.status().running


def test_a_data_folder_of_another_version_is_refused(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.status().data / "PG_VERSION").write_text("13\n")
    with pytest.raises(PermanentError, match="made by PostgreSQL 13"):
        server.start()
    (server.status().data / "PG_VERSION").write_text("18\n")


def test_programs_that_are_missing_are_named(open_folder: Path) -> None:
    with pytest.raises(PermanentError, match="holds no postgres, initdb, pg_ctl"):
        EmbeddedPostgres(open_folder / "home", binaries=open_folder).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step aside for another user")
class TestAsRoot:
    def test_the_server_runs_as_nobody_and_parents_keep_their_permissions(self, server: EmbeddedPostgres) -> None:
        server.start()
        pid = server.status().pid
        assert psutil.Process(pid).username() == "nobody"
        assert server.home.parent.stat().st_mode & 0o777 == 0o711

    def test_in_a_closed_folder_data_lie_elsewhere_and_that_is_said(self, open_folder: Path) -> None:
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        server = EmbeddedPostgres(closed / "home", settings=FAST_SETTINGS)
        connection = server.start()
        data = server.status().data
        try:
            assert str(data.parent) in str(connection.note)
            assert closed not in data.parents
            assert data.stat().st_mode & 0o777 == 0o700
            assert closed.stat().st_mode & 0o777 == 0o700
            assert ask(connection.dsn_tcp(), "SELECT 1") == 1
            server.stop()
            assert EmbeddedPostgres(closed / "home").start().note == connection.note
        finally:
            server.stop()
            server.remove_data()
        assert not data.exists()

    def test_programs_that_nobody_cannot_read_are_copied(
        self, server: EmbeddedPostgres, open_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import shutil

        from vitrina.servers import pgbinaries

        real = pgbinaries.wheel_folder()
        assert real is not None
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        install = closed / pgbinaries.WHEEL / real.parent.name
        shutil.copytree(real.parent, install, symlinks=True)
        libs = real.parent.parent.parent / f"{pgbinaries.WHEEL}.libs"
        shutil.copytree(libs, closed / libs.name, symlinks=True)
        monkeypatch.setattr(pgbinaries, "wheel_folder", lambda: install / "bin")
        assert ask(server.start().dsn_socket(), "SELECT 1") == 1
        pid = server.status().pid
        assert (server.run_dir / "pgsql") in Path(psutil.Process(pid).exe()).parents

    def test_a_plain_user_has_a_server_of_its_own(self, open_folder: Path) -> None:
        folder = open_folder / "mine"
        folder.mkdir()
        plain = pwd.getpwnam("daemon")  # PostgreSQL wants an account with a name
        os.chown(folder, plain.pw_uid, plain.pw_gid)
        code = (
            f"import os, sys; os.setgroups([]); os.setgid({plain.pw_gid}); os.setuid({plain.pw_uid})\n"
            "from pathlib import Path; from vitrina.servers.postgres import EmbeddedPostgres as E\n"
            "import psycopg\n"
            "s = E(Path(sys.argv[1])); c = s.start()\n"
            "psycopg.connect(c.dsn_socket()).close(); psycopg.connect(c.dsn_tcp()).close()\n"
            "import psutil; print(psutil.Process(s.status().pid).uids().real); s.stop(); s.remove_data()"
        )
        # loaded before the switch, since the virtual environment's python may lie where only root may go
        preload = "import psycopg, psutil, vitrina.servers.postgres, encodings.idna, importlib.util\n"
        done = subprocess.run(
            [sys.executable, "-c", preload + code, str(folder / "home")], capture_output=True, text=True, timeout=240
        )
        assert done.stdout.strip() == str(plain.pw_uid), done.stderr


def test_status_of_a_folder_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "absent")
    assert server.status().running is False
    assert server.stop() is False
    assert server.known_url() is None
    assert not (tmp_path / "absent").exists()


def test_a_pid_file_cut_short_counts_as_no_server(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("")
    assert postmaster(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert postmaster(tmp_path) is None
