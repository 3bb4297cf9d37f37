"""The scenarios and their bars.

Belongs here: which faults, how many calls, what is ideal, what must hold. Stays out: processes, the table.

The ideal wall is what a client needs that has a hundred calls in flight at any time and is never refused twice:
``calls x latency / concurrency``, or ``(calls - burst) / rps`` at a server's limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.llm.client_common import Task
from benchmarks.llm.faults import Faults, nature
from benchmarks.llm.measure import MEMORY, PLATFORM, Bar, Bench, Row, middle
from benchmarks.llm.peers import CURATOR, OPENAI, OPENAI_AIOHTTP, PEERS, Peer

_LATENCY = 0.2


def clean(bench: Bench) -> None:
    """S1: 2,000 calls of 200 ms, 100 at once; clients take turns, medians of the rounds."""
    calls, rounds = bench.some(2000), 1 if bench.quick else 3
    faults, ideal = Faults(latency_s=_LATENCY), calls * _LATENCY / 100
    found: dict[str, list[Row]] = {}
    for _ in range(rounds):
        for how in (MEMORY, PLATFORM):
            row = bench.gateway(how, faults, calls=calls, concurrency=100, ideal_s=ideal)
            found.setdefault(how, []).append(row)
        for peer in PEERS if bench.peers else ():
            row = bench.peer(peer, faults, calls=calls, concurrency=100, ideal_s=ideal)
            found.setdefault(peer.name, []).append(row)
    for name, rows in found.items():
        row = middle(rows)
        if name in (MEMORY, PLATFORM):
            limit = 1.15 if name == MEMORY else 1.3
            bars = [Bar("wall / ideal", limit, row["ratio"]), Bar("CPU ms a call", 0.5, row["cpu_ms"])]
            row["bars"] = [bar.told() for bar in (*bars, *whole(row))]
        bench.add({"scenario": "S1 clean", **row})


def random_faults(bench: Bench) -> None:
    """S2: 10 % 429 with Retry-After 1 and 5 % 500, whatever the rate; 10,000 calls."""
    calls = bench.some(10_000)
    faults = Faults(latency_s=_LATENCY, rate_429=0.1, retry_after="1", rate_500=0.05)
    row = bench.gateway(PLATFORM, faults, calls=calls, concurrency=100, ideal_s=calls * _LATENCY / 100)
    _judged(bench, "S2 10 % 429, 5 % 500", row, Bar("wall / ideal", 1.25, row["ratio"]))
    few = bench.some(2000)
    _beside(bench, "S2 10 % 429, 5 % 500", (OPENAI_AIOHTTP,), faults, calls=few, ideal_s=few * _LATENCY / 100)


def capped(bench: Bench) -> None:
    """S3: the server lets 100 requests a second in and names Retry-After."""
    _capped(bench, "S3 100 rps, Retry-After 1", "1", (OPENAI_AIOHTTP,))


def capped_silently(bench: Bench) -> None:
    """S4: the same, but the server does not say how long to wait."""
    _capped(bench, "S4 100 rps, no Retry-After", None, ())


def _capped(bench: Bench, name: str, retry_after: str | None, peers: tuple[Peer, ...]) -> None:
    calls = bench.some(1000)
    faults = Faults(latency_s=_LATENCY, rps=100, burst=1.0, retry_after=retry_after)
    ideal = (calls - 100) / 100 + _LATENCY
    row = bench.gateway(PLATFORM, faults, calls=calls, concurrency=100, ideal_s=ideal)
    wall, extra = Bar("wall / ideal", 1.15, row["ratio"]), Bar("extra requests", 0.15, row["extra_share"])
    _judged(bench, name, row, wall, extra)
    _beside(bench, name, peers, faults, calls=calls, ideal_s=ideal)


def capped_low(bench: Bench) -> None:
    """S5: 20 requests a second with Retry-After 2, and 100 calls at once."""
    calls = bench.some(300)
    faults = Faults(latency_s=_LATENCY, rps=20, burst=1.0, retry_after="2")
    ideal = (calls - 20) / 20 + _LATENCY
    row = bench.gateway(PLATFORM, faults, calls=calls, concurrency=100, ideal_s=ideal)
    _judged(bench, "S5 20 rps, Retry-After 2", row, Bar("wall / ideal", 1.2, row["ratio"]))


def outage(bench: Bench) -> None:
    """S6: from the first second on, nothing works for 30 seconds."""
    calls, length = 1000, 8.0 if bench.quick else 30.0
    faults = Faults(latency_s=_LATENCY, outage_after_s=1.0, outage_s=length)
    row = bench.gateway(PLATFORM, faults, calls=calls, concurrency=100, ideal_s=calls * _LATENCY / 100 + length)
    row["resumed_after_s"] = None if row["resumed_s"] is None else round(row["resumed_s"] - 1.0 - length, 2)
    # What was in flight, a breaker's sample and its probes. A client without a breaker asks thousands of times.
    asked = Bar("requests in the outage", 200, row["in_outage"])
    _judged(bench, f"S6 outage of {length:g} s", row, asked, Bar("s until it resumes", 11, row["resumed_after_s"]))


def killed(bench: Bench) -> None:
    """S7: SIGKILL at half of 1,000 calls, 50 at once, then the same again over the same ledger."""
    calls, concurrency, env = bench.some(1000), 50, bench.databases.env()
    faults = Faults(latency_s=_LATENCY)
    task = Task(bench.server.base_url, calls, concurrency, "platform")
    with bench.client(task, env) as client:
        client.ready()
        bench.server.reset(faults)
        client.go()
        while (seen := bench.server.stats())["good"] < calls // 2:
            time.sleep(0.02)
        client.kill()
    while bench.server.stats()["in_flight"]:
        time.sleep(0.05)  # a provider ends what it began
    with bench.client(task, env) as client:
        client.ready()
        client.go()
        row = bench.row(PLATFORM, task, client.figures(120), calls * _LATENCY / concurrency)
    row |= {"in_flight_at_kill": seen["in_flight"], "good_at_kill": seen["good"], "ratio": None}
    row["bars"] = [
        Bar("paid twice, of those in flight", concurrency, row["paid_twice"]).told(),
        *(bar.told() for bar in whole(row) if bar.name != "paid twice"),
    ]
    bench.add({"scenario": "S7 killed at half", **row})


def bad_answers(bench: Bench) -> None:
    """B: truncated JSON, cut at the limit, refused, filtered, connection cut, HTML instead of JSON."""
    calls = 300
    faults = Faults(
        latency_s=_LATENCY, truncated_json=0.1, length=0.05, refusal=0.05, content_filter=0.05, cut=0.03, html=0.02
    )
    ideal = calls * _LATENCY / 50
    refused = sum(nature(faults, f"i{number}") in ("refusal", "content_filter") for number in range(calls))
    rows = [bench.gateway(PLATFORM, faults, calls=calls, concurrency=50, ideal_s=ideal)]
    for peer in (OPENAI, CURATOR) if bench.peers else ():
        rows.append(bench.peer(peer, faults, calls=calls, concurrency=50, ideal_s=ideal))
    for row in rows:
        if "absent" not in row:
            row |= {"refused_for_good": refused, "lost": row["lost"] - refused}  # nobody gets an answer to those
    named = ("without a named end", "lost", "result twice")
    values = (rows[0]["without_end"], rows[0]["lost"], rows[0]["result_twice"])
    rows[0]["bars"] = [Bar(name, 0, value).told() for name, value in zip(named, values, strict=True)]
    for row in rows:
        bench.add({"scenario": "B bad answers", **row})


def whole(row: Row) -> list[Bar]:
    """What must hold in every scenario whose faults pass."""
    return [
        Bar("lost", 0, row["lost"]),
        Bar("result twice", 0, row["result_twice"]),
        Bar("paid twice", 0, row["paid_twice"]),
    ]


def _judged(bench: Bench, name: str, row: Row, *bars: Bar) -> None:
    row["bars"] = [bar.told() for bar in (*bars, *whole(row))]
    bench.add({"scenario": name, **row})


def _beside(bench: Bench, name: str, peers: tuple[Peer, ...], faults: Faults, *, calls: int, ideal_s: float) -> None:
    for peer in peers if bench.peers else ():
        row = bench.peer(peer, faults, calls=calls, concurrency=100, ideal_s=ideal_s)
        bench.add({"scenario": name, **row})


SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "S1": clean,
    "S2": random_faults,
    "S3": capped,
    "S4": capped_silently,
    "S5": capped_low,
    "S6": outage,
    "S7": killed,
    "B": bad_answers,
}
