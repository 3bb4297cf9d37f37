"""What a call through the gateway costs the client: CPU and wall time, with the ledger on.

Belongs here: one small measurement against the loopback server of the tests, in a process of its own. Run with
``python -m benchmarks.llm_gateway [--ledger memory|postgres] [--calls N]``; ``postgres`` starts an embedded server of
its own in a temporary folder. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.llm_server import running_server
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import Ledger, MemoryLedger
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.structured import Contract

_PROMPT = "Опиши товар для витрины: состав, размер, уход. " * 30  # 1.4 thousand characters
_SCHEMA = {"type": "object", "properties": {"item": {"type": "string"}, "text": {"type": "string"}}}


@contextmanager
def _ledger(kind: str) -> Iterator[Ledger]:
    if kind == "memory":
        yield MemoryLedger()
        return
    from vitrina.servers.testing import test_server

    with test_server() as server:
        os.environ["DATABASE_URL"] = dsn = server.connection.dsn_socket(server.fresh_database())
        os.environ["VITRINA_HOME"] = tempfile.mkdtemp()
        from vitrina.project.setup import setup_django

        setup_django()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", "llm", interactive=False, verbosity=0)
        connections.close_all()
        ledger = PostgresLedger(dsn)
        yield ledger
        ledger.close()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(ledger: Ledger, *, calls: int, concurrency: int, faults: dict[str, Any]) -> dict[str, Any]:
    """One run of ``calls`` requests, then the same again from the ledger. CPU in ms a call, walls in s."""
    contract = Contract(lambda _, data: data["item"])
    with running_server(**faults) as server:
        config = GatewayConfig(base_url=server.base_url, model="gpt-4o-mini", concurrency=concurrency)

        def requests() -> Iterator[ChatRequest]:
            for i in range(calls):
                messages = [{"role": "user", "content": f"item:{i} {_PROMPT}"}]
                yield ChatRequest(messages, "bench", item_id=str(i), schema=_SCHEMA, schema_name="answer")

        with Gateway(config, ledger) as gateway:
            gateway.ask(ChatRequest([{"role": "user", "content": "item:warm"}], "bench", item_id="warm"))
            began, cpu = time.monotonic(), _cpu()
            ok = sum(result.ok for result in gateway.run(requests(), contract=contract))
            wall, cpu = time.monotonic() - began, _cpu() - cpu
            began, cpu_again = time.monotonic(), _cpu()
            cached = sum(result.cached for result in gateway.run(requests(), contract=contract))
            wall_again, cpu_again = time.monotonic() - began, _cpu() - cpu_again
        paid = server.stats()["paid"]
    ideal = calls / concurrency * faults.get("latency_s", 0.0)
    return {
        "calls": calls,
        "concurrency": concurrency,
        **faults,
        "ok": ok,
        "paid_twice": sum(count - 1 for count in paid.values()),
        "wall_s": round(wall, 2),
        "ratio_to_ideal": round(wall / ideal, 2) if ideal else None,
        "cpu_ms_per_call": round(cpu / calls * 1000, 3),
        "cached": cached,
        "cached_wall_s": round(wall_again, 2),
        "cached_cpu_ms_per_call": round(cpu_again / calls * 1000, 3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", choices=["memory", "postgres"], default="postgres")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--faulty", action="store_true", help="10 %% 429 with Retry-After 1, and 5 %% 500")
    options = parser.parse_args()
    faults: dict[str, Any] = {"latency_s": options.latency}
    if options.faulty:
        faults |= {"rate_429": 0.1, "rate_500": 0.05, "retry_after": "1"}
    with _ledger(options.ledger) as ledger:
        found = measure(ledger, calls=options.calls, concurrency=options.concurrency, faults=faults)
    sys.stdout.write(json.dumps({"ledger": options.ledger, **found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
