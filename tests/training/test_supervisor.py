"""The supervisor: whatever happens to the orchestrator or the launcher, nothing survives, and there is time to save."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vitrina.training.launching import supervised
from vitrina.training.supervisor import CANCELLED, OUT_OF_MEMORY, descendants

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the supervisor is for Linux")

#: Saves on SIGTERM, which takes a moment; a second SIGTERM while saving would end it without.
TRAINER = """
import os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def save(number, frame):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(0.5)
    (folder / "saved").write_text("checkpoint")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
(folder / "trainer.pid.new").write_text(str(os.getpid()))
(folder / "trainer.pid.new").rename(folder / "trainer.pid")
time.sleep(600)
"""
#: So many seconds between SIGTERM and SIGKILL that a machine that stands still for a while takes nobody's time to save.
#: Where somebody hears no SIGTERM they pass; elsewhere nobody waits for their end.
LONG, SHORT = 120, 20
#: Goes away into a session of its own and hears no SIGTERM.
STUBBORN = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.setsid()
folder = Path(sys.argv[1])
(folder / "stubborn.pid.new").write_text(str(os.getpid()))
(folder / "stubborn.pid.new").rename(folder / "stubborn.pid")
time.sleep(600)
"""
#: A launcher that starts the trainer and passes no signal on.
LAUNCHER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
child.wait()
"""
ORCHESTRATOR = """
import sys
from vitrina.training.launching import supervised
with supervised(sys.argv[1:], grace=120) as running:
    running.wait()
"""


def python(code: str, *words: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


def wait_for(path: Path) -> int:
    until = time.monotonic() + 150
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.02)
    return int(path.read_text())


def gone(process: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(process: int) -> None:
    until = time.monotonic() + 150
    while not gone(process):
        assert time.monotonic() < until, f"{process} lives on"
        time.sleep(0.05)


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(7)", 7), ("pass", 0)])
def test_the_exit_code_of_the_command_is_that_of_the_supervisor(code, expected):
    with supervised(python(code)) as running:
        assert running.wait(150) == expected


def test_a_command_that_a_signal_ended_says_which():
    with supervised(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")) as running:
        assert running.wait(150) == 128 + signal.SIGKILL


def test_a_cancelled_trainer_saves_and_its_stubborn_helper_is_killed(tmp_path):
    helper = python(STUBBORN, tmp_path)
    code = f"import subprocess; subprocess.Popen({helper!r})\n" + TRAINER
    with supervised(python(code, tmp_path), grace=SHORT) as running:
        trainer, stubborn = wait_for(tmp_path / "trainer.pid"), wait_for(tmp_path / "stubborn.pid")
        assert {trainer, stubborn} <= descendants(running.pid)
        assert running.cancel() == CANCELLED
    assert (tmp_path / "saved").exists()
    assert gone(trainer)
    assert gone(stubborn)


def test_a_launcher_that_passes_no_signal_on_leaves_no_trainer(tmp_path):
    with supervised(python(LAUNCHER, TRAINER, tmp_path), grace=LONG) as running:
        trainer = wait_for(tmp_path / "trainer.pid")
        assert running.cancel() == CANCELLED
    assert gone(trainer)
    assert (tmp_path / "saved").exists()


def test_leaving_the_block_with_an_error_ends_the_command(tmp_path):
    def interrupted() -> None:
        with supervised(python(TRAINER, tmp_path), grace=LONG):
            wait_for(tmp_path / "trainer.pid")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    trainer = wait_for(tmp_path / "trainer.pid")
    assert gone(trainer)
    assert (tmp_path / "saved").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_orchestrator_leaves_a_checkpoint_and_nobody(tmp_path, number):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    orchestrator = subprocess.Popen(
        python(ORCHESTRATOR, *python(LAUNCHER, TRAINER, tmp_path)), env=environment, start_new_session=True
    )
    trainer = wait_for(tmp_path / "trainer.pid")
    orchestrator.send_signal(number)
    orchestrator.wait(150)
    wait_until_gone(trainer)
    assert (tmp_path / "saved").exists()


def test_a_signalled_supervisor_ends_all_below_it(tmp_path):
    with supervised(python(TRAINER, tmp_path), grace=LONG) as running:
        trainer = wait_for(tmp_path / "trainer.pid")
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(150) == CANCELLED
    assert gone(trainer)
    assert (tmp_path / "saved").exists()


def test_children_that_a_finished_command_left_behind_are_ended(tmp_path):
    code = f"import subprocess; subprocess.Popen({python(STUBBORN, tmp_path)!r})\n" + (
        "import time\nfrom pathlib import Path\n"
        f"while not Path({str(tmp_path)!r}, 'stubborn.pid').exists(): time.sleep(0.02)\n"
    )
    with supervised(python(code), grace=1) as running:
        assert running.wait(150) == 0
    assert gone(wait_for(tmp_path / "stubborn.pid"))


def test_a_command_that_takes_too_much_memory_with_its_children_is_ended(tmp_path):
    # Both take their memory once the helper can hear that it is to end: not before it has said who it is
    held = "held = bytearray(60_000_000)\ntime.sleep(600)\n"
    helper = python(TRAINER.replace("time.sleep(600)\n", held), tmp_path)
    code = (
        f"import subprocess, time\nfrom pathlib import Path\nsubprocess.Popen({helper!r})\n"
        f"while not Path({str(tmp_path)!r}, 'trainer.pid').exists(): time.sleep(0.02)\n{held}"
    )
    with supervised(python(code), grace=LONG, memory=100_000_000) as running:
        assert running.wait(150) == OUT_OF_MEMORY
    assert gone(wait_for(tmp_path / "trainer.pid"))
    with supervised(python("held = bytearray(60_000_000)"), memory=100_000_000) as running:
        assert running.wait(150) == 0


def test_no_command_is_a_mistake_that_is_said():
    found = subprocess.run(
        [sys.executable, "-m", "vitrina.training.supervisor", "--"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 2
    assert "no command" in found.stderr
