"""Which addresses a process and its children ask for, heard from Python's own audit events.

Libraries that connect from native code are not heard; those of training (TRL, transformers, datasets) use Python's
sockets.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

#: Loaded by every Python process whose path begins with its folder, children too.
_HOOK = """
import json, os, sys

_KNOWN = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_LOCAL = ("127.", "::1", "localhost", "/", "\\0")


def _hear(event, words):
    if event not in _KNOWN:
        return
    address = words[_KNOWN[event]]
    host = address[0] if isinstance(address, tuple) else address
    host = host.decode("utf-8", "replace") if isinstance(host, bytes) else host
    if host in (None, "") or str(host).startswith(_LOCAL):
        return
    with open(os.environ["HEARD"], "a") as told:
        told.write(json.dumps([os.getpid(), event, str(host)]) + "\\n")
    raise OSError(f"{event} to {host}: this test has no network")


sys.addaudithook(_hear)
with open(os.environ["HEARD"] + ".processes", "a") as told:
    told.write(f"{os.getpid()}\\n")
"""


def run_and_listen(folder: Path, *command: object, **env: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command. Returns how it ended, and each address outside of this machine that it asked for."""
    hook = folder / "hook"
    hook.mkdir(parents=True, exist_ok=True)
    (hook / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
    heard = folder / "heard.jsonl"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    environment |= {"HEARD": str(heard), "PYTHONPATH": os.pathsep.join([str(hook), *filter(None, sys.path)])} | env
    done = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert Path(f"{heard}.processes").is_file(), "no process of it was listened to"
    lines = heard.read_text(encoding="utf-8").splitlines() if heard.exists() else []
    return done, [json.loads(line)[2] for line in lines]
