"""One client, one set of faults, one row of figures.

Belongs here: running a client against the server and putting both sides' counts together. Stays out: which faults and
which bars (``benchmarks.llm.scenarios``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.llm.client_common import Task
from benchmarks.llm.faults import Faults
from benchmarks.llm.peers import Peer
from benchmarks.llm.processes import Client, ClientError, Databases, Server

Row = dict[str, Any]
MEMORY, PLATFORM = "gateway, ledger in memory", "gateway, everything on"
_GATEWAY = "benchmarks.llm.client_gateway"
#: A client that takes this many times the ideal is stopped: the whole run has to end.
_PATIENCE, _LEAST_S = 12.0, 60.0


@dataclass(frozen=True)
class Bar:
    """A figure that must not be above its limit."""

    name: str
    limit: float
    value: float | None

    @property
    def held(self) -> bool:
        return self.value is not None and self.value <= self.limit

    def told(self) -> Row:
        return {"name": self.name, "limit": self.limit, "value": self.value, "held": self.held}


@dataclass
class Bench:
    """What the scenarios share: server, databases, rows so far.

    Attributes:
        say: Gets each row when it is there.
    """

    server: Server
    databases: Databases
    say: Callable[[Row], None]
    quick: bool = False
    peers: bool = True
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> Row:
        self.rows.append(row)
        self.say(row)
        return row

    def some(self, calls: int) -> int:
        """The number of calls; a fifth of it for a quick run."""
        return max(100, calls // 5) if self.quick else calls

    # -- clients -------------------------------------------------------------------------------------

    def gateway(self, how: str, faults: Faults, *, calls: int, concurrency: int, ideal_s: float) -> Row:
        """A fresh gateway over a fresh ledger."""
        task = Task(self.server.base_url, calls, concurrency, "memory" if how == MEMORY else "platform")
        with self.client(task, {} if how == MEMORY else self.databases.env()) as client:
            return self.drive(client, faults, how, task, ideal_s)

    def peer(self, peer: Peer, faults: Faults, *, calls: int, concurrency: int, ideal_s: float) -> Row:
        """A peer in its own environment; a row that says why when it cannot be measured."""
        if peer.absent:
            return {"client": peer.name, "absent": peer.absent}
        task = Task(self.server.base_url, calls, concurrency, peer.how)
        try:
            with (
                tempfile.TemporaryDirectory() as cache,
                Client(peer.module, task, python=peer.python, env=peer.env(cache)) as client,
            ):
                return self.drive(client, faults, peer.name, task, ideal_s)
        except ClientError as error:
            return {"client": peer.name, "absent": str(error), "calls": calls}

    def client(self, task: Task, env: Mapping[str, str]) -> Client:
        """A gateway's process."""
        return Client(_GATEWAY, task, env=env)

    def drive(self, client: Client, faults: Faults, name: str, task: Task, ideal_s: float) -> Row:
        """Lets a client run from its beginning to its end."""
        client.ready()
        self.server.reset(faults)
        client.go()
        told = client.figures(max(_LEAST_S, _PATIENCE * ideal_s))
        return self.row(name, task, told, ideal_s)

    def row(self, name: str, task: Task, told: Row, ideal_s: float) -> Row:
        """The figures of both sides."""
        seen = self.server.stats()
        refused = seen["replies"].get("rate_429", 0)
        return {
            "client": name,
            "calls": task.calls,
            "concurrency": task.concurrency,
            "ideal_s": round(ideal_s, 2),
            "wall_s": told["wall_s"],
            "ratio": round(told["wall_s"] / ideal_s, 3),
            "cpu_ms": told["cpu_ms_per_call"],
            "lost": task.calls - told["right"],
            "without_end": told["without_end"],
            "result_twice": told["result_twice"],
            "paid_twice": seen["paid_twice"],
            "paid": seen["paid"],
            "requests": seen["requests"],
            "refused": refused,
            "extra_share": round(seen["requests"] / task.calls - 1, 3),
            "outcomes": told["outcomes"],
            "replies": seen["replies"],
            "peak": seen["peak"],
            "connections": seen["connections"],
            "peak_mb": told["peak_mb"],
            "server_cpu_ms": seen["cpu_ms_per_request"],
            "resumed_s": seen["resumed_s"],
            "in_outage": seen["in_outage"],
            "good_by_second": seen["good_by_second"],
            "load": round(os.getloadavg()[0], 1),
            **({"version": told["version"]} if "version" in told else {}),
        }


def middle(rows: list[Row]) -> Row:
    """Several rounds of one client as one row: medians of wall, ratio and CPU; the worst of what must be zero."""
    if len(rows) == 1 or any("absent" in row for row in rows):
        return next((row for row in rows if "absent" in row), rows[0])
    last = dict(rows[-1])
    for name in ("wall_s", "ratio", "cpu_ms", "server_cpu_ms", "load"):
        last[name] = round(median(row[name] for row in rows), 3)
    for name in ("lost", "without_end", "result_twice", "paid_twice"):
        last[name] = max(row[name] for row in rows)
    return {
        **last,
        "rounds": len(rows),
        "ratios": [row["ratio"] for row in rows],
        "best": min(r["ratio"] for r in rows),
    }
