"""Finding the ``serve-models`` process, and starting it when there is none.

Belongs here: the side of those who ask. Stays out: asking (``client``, ``gateway``), serving (``running``). Imports no
torch, and neither does the process until a model needs it.
"""

from __future__ import annotations

import http.client
import logging
import os
import secrets
import sys
import time
from pathlib import Path

from vitrina.config import PROJECT_ROOT, Settings
from vitrina.errors import RetryableError
from vitrina.servers.children import Child, last_line, start_child
from vitrina.servers.locks import FileLock, locked
from vitrina.serving.places import HOST, TOKEN_VARIABLE, Places, Running

_log = logging.getLogger(__name__)
#: Of settings that the process has no use for: it reads models and answers.
_SECRET = ("KEY", "SECRET", "TOKEN", "PASSWORD", "DATABASE_URL", "DSN")
_START_S = 120.0
#: This process's shares in processes that serve, by home folder, and those that it started (so that they are reaped).
_owned: dict[Path, FileLock] = {}
_children: dict[Path, Child] = {}


def running(settings: Settings) -> Running:
    """The process that serves this home folder; started when there is none. It ends when the last owner has ended.

    Raises:
        RetryableError: It does not start; its log says why.
    """
    places = Places(settings.vitrina_home.absolute())
    _own(places)
    found = Running.load(places.record)
    if found is not None and found.alive and _answers(found):
        return found
    with locked(places.starting, timeout_s=_START_S * 2):
        found = Running.load(places.record)  # another one was faster
        if found is not None and found.alive and _answers(found):
            return found
        return _start(places, settings)


def _own(places: Places) -> None:
    """Hold a share until this process ends. A forked child holds its parent's."""
    lock = _owned.setdefault(places.home, FileLock(places.owners))
    if not lock.held:
        lock.acquire(shared=True)


def _start(places: Places, settings: Settings) -> Running:
    former_one = Running.load(places.record)
    if former_one is not None and (hung := former_one.process.process()) is not None:
        hung.terminate()  # given up on: it would keep its models in memory
    places.record.unlink(missing_ok=True)
    token = secrets.token_urlsafe(32)
    command = [sys.executable, "-m", "vitrina.serve_models", "--home", str(places.home), "--owned"]
    command += ["--idle", str(settings.serve_models_idle_seconds)]
    kept = {name: value for name, value in os.environ.items() if not any(part in name.upper() for part in _SECRET)}
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
    # Whoever runs the platform may have started it elsewhere: the package must be found all the same.
    path = os.pathsep.join(filter(None, (str(PROJECT_ROOT), kept.get("PYTHONPATH", ""))))
    environment = {**kept, **quiet, "PYTHONPATH": path, TOKEN_VARIABLE: token}
    child = start_child("serve-models", command, log=places.log, cwd=PROJECT_ROOT, environment=environment)
    if (former := _children.pop(places.home, None)) is not None:
        former.process.poll()
    _children[places.home] = child
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        found = Running.load(places.record)
        if found is not None and found.token == token and _answers(found):
            _log.info("started serve-models (pid %d, port %d)", found.process.pid, found.port)
            return found
        if child.ended is not None:
            raise RetryableError(
                f"The process that holds trained models did not start: {last_line(places.log)}",
                hint=f"Its log is {places.log}.",
            )
        time.sleep(0.05)
    child.process.kill()
    child.process.wait()
    raise RetryableError(
        f"The process that holds trained models did not answer within {_START_S:.0f} s.",
        hint=f"Its log is {places.log}.",
    )


def _answers(found: Running) -> bool:
    """Whether it takes questions. One that loads a model may be slow to say so and is waited for, not doubled."""
    deadline = time.monotonic() + _START_S
    while found.alive and time.monotonic() < deadline:
        connection = http.client.HTTPConnection(HOST, found.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except TimeoutError:
            continue
        except (OSError, http.client.HTTPException):  # refused: it is ending
            return False
        finally:
            connection.close()
    return False
