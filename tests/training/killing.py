"""A training process that is killed at a moment of its own telling."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any


def killed(command: Sequence[str], when: Callable[[dict[str, Any]], bool]) -> None:
    """Run a training, and end it with -9 as soon as a line of its progress is the one."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if when(json.loads(line) if line.startswith("{") else {}):
            process.kill()
    assert process.wait(120) == -signal.SIGKILL
