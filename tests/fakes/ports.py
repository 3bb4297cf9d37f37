"""A port for a server that binds it itself, in a process of its own, seconds later."""

from __future__ import annotations

import contextlib
import os
import socket


def quiet_port() -> int:
    """Below those that the kernel hands out: until the server has it, other tests take hundreds of theirs."""
    start = os.getpid() * 37 % 9_000
    for port in (21_000 + (start + step) % 9_000 for step in range(9_000)):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")
