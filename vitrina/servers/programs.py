"""The programs of one stack while they live: starting, watching, starting again, ending.

What belongs here: what is alike for all of them. What stays out: which programs there are and in what order.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from vitrina.errors import PermanentError, RetryableError
from vitrina.servers.children import Child, last_line, start_child
from vitrina.servers.processes import end

RESTARTS = 3


@dataclass(slots=True)
class Programs:
    """Programs by name, each with its log.

    Attributes:
        logs: folder that takes one log for each program.
        project: their working directory.
        environment: of all of them; set before the first is started.
    """

    logs: Path
    project: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _children: dict[str, Child] = field(default_factory=dict)
    _commands: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    _deaths: Counter[str] = field(default_factory=Counter)

    def launch(self, name: str, command: list[str], *, role: str = "") -> None:
        """Start a program; ``role`` is what it acts as in the platform's database."""
        self._commands[name] = (command, role)
        self._children[name] = start_child(
            name,
            command,
            log=self.logs / f"{name}.log",
            cwd=self.project,
            environment={**self.environment, "DATABASE_ROLE": role},
        )

    def finish(self, name: str, *, timeout_s: float = 300) -> None:
        """Wait for a program that ends by itself.

        Raises PermanentError when it failed, RetryableError when it takes longer than ``timeout_s`` seconds.
        """
        child = self._children[name]
        try:
            code = child.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            told = f"The step “{name}” did not end in {timeout_s:.0f} s."
            raise RetryableError(told, hint=f"See {child.log}.") from error
        del self._children[name], self._commands[name]
        if code != 0:
            said = last_line(child.log)
            raise PermanentError(f"The step “{name}” failed: {said}", hint=f"The whole story: {child.log}")

    def must_live(self, *names: str) -> None:
        """Raise PermanentError for a program that ended; no names: for any of them."""
        for name in names or list(self._children):
            child = self._children[name]
            if child.ended is not None:
                raise PermanentError(
                    f"{name} ended with code {child.ended}: {last_line(child.log)}",
                    hint=f"The whole story: {child.log}",
                )

    def check(self, say: Callable[[str], None]) -> None:
        """Start again what ended by itself, each program up to three times; then PermanentError."""
        for name, child in list(self._children.items()):
            if child.ended is None:
                continue
            self._deaths[name] += 1
            if self._deaths[name] > RESTARTS:
                self.must_live(name)
            say(f"{name} ended with code {child.ended} and is started again; see {child.log}")
            command, role = self._commands[name]
            self.launch(name, command, role=role)

    def end(self, *names: str) -> None:
        """End programs, politely at first; no names: all that are left."""
        ending = [self._children.pop(name) for name in names or list(self._children) if name in self._children]
        found = []
        for child in ending:
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.ended is None:
                    found.append(psutil.Process(child.process.pid))
        end(found, grace_s=10)
        for child in ending:
            child.process.wait(timeout=10)
