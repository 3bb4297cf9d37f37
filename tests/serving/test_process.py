"""The process of trained models: on demand, once, and gone when nobody needs it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.conftest import NAME
from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.reward.models import open_model
from vitrina.servers.locks import FileLock
from vitrina.servers.processes import MARK_VARIABLE, ProcessId, end_marked
from vitrina.serving.client import ServedReward
from vitrina.serving.places import Places, Running
from vitrina.serving.starting import running

TEXTS = ["Вес 540 г. Цвет белый.", "Лучший в мире. Хит продаж.", "Просто супер.", ""]
PROMPTS = ["Опиши чайник"] * len(TEXTS)


def within(seconds: float, true: Callable[[], object]) -> bool:
    """A watchdog against hangs, not a measurement."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_it_starts_when_it_is_asked_and_scores_as_in_ones_own_process(served: Settings, linear: Path) -> None:
    before = "torch" in sys.modules
    places = Places(served.vitrina_home)
    model = ServedReward(NAME, served)
    assert not places.record.exists(), "nothing starts before it is needed"
    expected = [float(score) for score in open_model(linear).scores(PROMPTS, TEXTS)]
    assert model.scores(PROMPTS, TEXTS) == expected
    assert model.scores([], []) == []
    first = Running.load(places.record)
    assert first is not None
    assert ServedReward(str(linear), served).scores(PROMPTS, TEXTS) == expected
    assert Running.load(places.record) == first
    assert places.record.stat().st_mode & 0o077 == 0, "the token is for nobody else"
    assert first.token not in places.log.read_text(encoding="utf-8")
    assert ("torch" in sys.modules) is before
    with pytest.raises(PermanentError, match="no model"):
        ServedReward("00000000ffffffff", served).scores(PROMPTS, TEXTS)
    # A process that dies is followed by another at the next question.
    os.kill(first.process.pid, signal.SIGKILL)
    assert within(120, lambda: not first.alive)
    assert model.scores(PROMPTS, TEXTS) == expected
    assert Running.load(places.record) != first


def test_two_who_ask_at_once_get_one_process(served: Settings) -> None:
    found: list[Running] = []
    threads = [threading.Thread(target=lambda: found.append(running(served))) for _ in range(2)]
    script = "from vitrina.config import Settings; from vitrina.serving.starting import running; "
    script += f"print(running(Settings(vitrina_home={str(served.vitrina_home)!r})).process.pid)"
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said, _ = other.communicate(timeout=240)
    assert {one.process.pid for one in found} == {int(said)}


def test_it_ends_when_nobody_asks(served: Settings) -> None:
    served.serve_models_idle_seconds = 5.0  # longer than it takes to be found, on a busy machine too
    found = running(served)
    assert within(120, lambda: not found.alive)
    assert not Places(served.vitrina_home).record.exists()
    assert running(served) != found, "and starts again"


def test_it_ends_when_its_owner_was_killed(served: Settings) -> None:
    script = "import time; from vitrina.config import Settings; from vitrina.serving.starting import running; "
    script += f"print(running(Settings(vitrina_home={str(served.vitrina_home)!r})).process.pid, flush=True); "
    script += "time.sleep(600)"
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    process = ProcessId.of(int(owner.stdout.readline()))
    assert process.process() is not None
    owner.kill()
    owner.wait()
    assert within(120, lambda: process.process() is None)
    assert not Places(served.vitrina_home).record.exists()


def test_one_that_cannot_start_says_where_to_look(served: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RetryableError, match=r"serve-models\.log"):
        running(served)


def test_owners_share_a_lock_that_a_dead_one_gives_back(tmp_path: Path) -> None:
    places = Places(tmp_path)
    one, other, server = FileLock(places.owners), FileLock(places.owners), FileLock(places.owners)
    one.acquire(shared=True)
    other.acquire(shared=True)
    assert not server.try_acquire()
    one.release()
    other.release()
    assert server.try_acquire()


def test_in_a_running_platform_it_outlives_a_run_and_ends_with_the_platform(served: Settings) -> None:
    """A run is a process of minutes; its successor must not load the models again."""
    mark = f"test-{os.getpid()}-{time.monotonic_ns()}"
    script = "from vitrina.config import Settings; from vitrina.serving.starting import running; "
    script += f"print(running(Settings(vitrina_home={str(served.vitrina_home)!r})).process.pid, flush=True)"
    environment = {**os.environ, MARK_VARIABLE: mark}
    first = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    process = ProcessId.of(int(first.stdout))
    second = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    assert int(second.stdout) == process.pid
    assert process.process() is not None
    assert end_marked(mark, grace_s=20) == 1
    assert process.process() is None


def test_one_that_is_slow_to_answer_is_waited_for_and_not_doubled(
    served: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = running(served)
    slow = [TimeoutError(), TimeoutError()]
    connect = http.client.HTTPConnection.connect

    def connected(connection: http.client.HTTPConnection) -> None:
        if slow:
            raise slow.pop()
        connect(connection)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", connected)
    assert running(served) == found
    assert not slow


def test_by_hand_a_second_one_and_a_taken_port_are_refused_in_words(served: Settings) -> None:
    found = running(served)
    command = [sys.executable, "-m", "vitrina.serve_models", "--home"]
    second = subprocess.run([*command, str(served.vitrina_home)], capture_output=True, text=True, timeout=200)
    assert second.returncode == 1
    assert f"{found.process.pid} serves" in second.stderr
    other = [*command, str(served.vitrina_home.parent / "other"), "--port", str(found.port)]
    taken = subprocess.run(other, capture_output=True, text=True, timeout=200)
    assert taken.returncode == 1
    assert "cannot be listened on" in taken.stderr
    assert "Traceback" not in taken.stderr + second.stderr
