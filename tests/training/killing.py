"""A training process that is killed at a moment of its own telling."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

#: The process kills itself: whoever listened to it and killed it from outside might be too slow for a short training.
KILLED_WHEN_IT_SAYS = """
import json, os, runpy, signal, sys
from vitrina.training.telling import Teller

stage, step, module = sys.argv[1], int(sys.argv[2]), sys.argv[3]
tell = Teller.__call__

def told(self, said, figures):
    tell(self, said, figures)
    if said == stage and figures["step"] >= step:
        os.kill(os.getpid(), signal.SIGKILL)

Teller.__call__ = told
sys.argv = sys.argv[3:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def killed(module: str, words: Sequence[str], *, stage: str, step: int) -> None:
    """Run a training, which is ended by -9 as soon as it has said that it has come to a step, or further."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED_WHEN_IT_SAYS, stage, str(step), module, *words]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, timeout=280, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2_000:]
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert (told[-1]["stage"], told[-1]["step"] >= step) == (stage, True)
