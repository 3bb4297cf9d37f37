"""The processes of a measurement: server, clients, PostgreSQL.

Belongs here: starting, talking to and ending them. Stays out: what is asked of them (``benchmarks.llm.scenarios``).
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.llm.client_common import Task
from benchmarks.llm.faults import Faults

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "benchmarks" / "out"
_START_S = 60


class ClientError(Exception):
    """A client ended without its figures; the text says what it said last."""


class Server:
    """The server of :mod:`benchmarks.llm.server` in a process of its own. A context manager."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.llm.server", "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        self._root = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.base_url = self._root + "/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def reset(self, faults: Faults) -> None:
        """New switches, all counts at zero. What is under way is counted where it began."""
        request = urllib.request.Request(self._root + "/_reset", json.dumps(asdict(faults)).encode())
        urllib.request.urlopen(request, timeout=10).close()

    def stats(self, *, items: bool = False) -> dict[str, Any]:
        """Counts since the last reset."""
        with urllib.request.urlopen(self._root + "/_stats" + ("?items" if items else ""), timeout=10) as response:
            return json.load(response)


class Client:
    """One client process. A context manager; it is killed at the end if it still runs.

    Args:
        module: What is started with ``python -m``.
        python: Its interpreter; peers have their own.
        env: Added to an environment without settings of the platform.
    """

    def __init__(
        self, module: str, task: Task, *, python: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "AI_", "VITRINA_", "DATABASE_"))}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            [str(python or sys.executable), "-m", module, json.dumps(asdict(task))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={**kept, **(env or {})},
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._log.close()

    def ready(self) -> None:
        """Returns when the client waits for :meth:`go`."""
        while self._next(_START_S) != "ready":
            pass

    def go(self) -> None:
        """Lets the client begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def figures(self, timeout_s: float) -> dict[str, Any]:
        """What the client printed at its end."""
        while True:
            line = self._next(timeout_s)
            if line.startswith("{"):
                self._process.wait(_START_S)
                return json.loads(line)

    def kill(self) -> None:
        """SIGKILL, as a machine that goes down."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("")
        self._lines.put("\0")

    def _next(self, timeout_s: float) -> str:
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise ClientError(f"no word for {timeout_s:g} s; {self._last()}") from None
        if line == "\0":
            raise ClientError(self._last())
        return line

    def _last(self) -> str:
        self._log.flush()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return f"it said last: {lines[-1][:300]}" if lines else "it said nothing"


class Databases:
    """Migrated databases, a fresh one for each measurement, on a server with fsync on, as the platform runs it."""

    def __init__(self, folder: Path, fresh: Callable[[], str]) -> None:
        self._folder = folder
        self._fresh = fresh

    def env(self) -> dict[str, str]:
        """The environment that points a client at a fresh database."""
        return {"DATABASE_URL": self._fresh(), "VITRINA_HOME": tempfile.mkdtemp(dir=self._folder)}


@contextmanager
def databases() -> Iterator[Databases]:
    """An embedded PostgreSQL in a temporary folder, ended and removed afterwards."""
    import shutil

    from vitrina.servers.postgres import EmbeddedPostgres
    from vitrina.servers.testing import TestServer

    folder = Path(tempfile.mkdtemp(prefix="vitrina-bench-"))
    folder.chmod(0o711)  # the server's user must pass through it when root runs this
    server = EmbeddedPostgres(folder / "home")
    try:
        made = TestServer(server=server, connection=server.start())
        template = made.template(_migrate)
        yield Databases(folder, lambda: made.fresh_dsn(template=template))
    finally:
        server.stop()
        server.remove_data()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(dsn: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "DATABASE_URL": dsn, "VITRINA_HOME": home}
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
