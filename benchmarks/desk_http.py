"""The desk under people, over HTTP: ``python -m benchmarks.desk_http [--pairs 100000] [--people 50] [--seconds 60]``.

gunicorn as ``make up`` starts it (2 workers of 4 threads), a PostgreSQL of its own, a batch of pairs with overlap 2.
Each person is a thread of another process with a key and a kept connection, and sends "decide, and give me the next
pair" again and again: once with 1 to 3 s of thinking, once with none. Times of that request are measured in the server
(gunicorn's own, from the request read to the answer written) and, beside them, by the clients. Processor time is that
of the two workers. Votes beyond the overlap, answers of 5xx and lost answers are counted afterwards.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
DECIDE = re.compile(r"^(\d+) (\d{3}) POST /api/v1/leases/[0-9a-f-]+/decide$")
#: Beyond any person's speed, so that the pace is counted and refuses nobody.
UNLIMITED = {"API_RATE_PER_MINUTE": "1000000", "API_WORK_RATE_PER_MINUTE": "1000000"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--client", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        sys.stdout.write(json.dumps(_clients(given.client, given.seconds)))
        return
    from vitrina.servers.testing import test_server

    with test_server() as server, tempfile.TemporaryDirectory(prefix="vitrina-desk-") as home:
        os.environ |= {"DATABASE_URL": server.fresh_dsn(), "VITRINA_HOME": home, **UNLIMITED}
        os.environ["DJANGO_SETTINGS_MODULE"] = "vitrina.project.desk_settings"
        from vitrina.project.setup import migrate

        migrate()
        batch, keys = _fill(given.pairs, given.people)
        sys.stdout.write(json.dumps({"one_request": _one_request(batch, keys[0])}) + "\n")
        for thinking in ("1-3", "none"):
            figures = _measure(Path(home), batch, keys, thinking, given.seconds)
            sys.stdout.write(json.dumps({"thinking": thinking, **figures}) + "\n")
            sys.stdout.flush()


def _fill(pairs: int, people: int) -> tuple[int, list[str]]:
    """A batch, and people with keys."""
    from django.contrib.auth.models import Group, User
    from django.db import connection

    from vitrina.accounts.tokens import make_token
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.results import PairDraft

    admin = User.objects.create(username="admin", is_superuser=True)
    role, _ = Group.objects.get_or_create(name="annotator")
    rules = publish_guidelines(admin, "sense", body_ru="Правила", body_en="Rules")
    batch = create_batch(admin, name="load", question_ru="?", question_en="?", guidelines=rules, extra_votes=0)
    text = "Лёгкое платье из хлопка на каждый день, длина до колена. " * 4
    add_pairs(batch, (PairDraft(f"{text}{n}", f"Платье {n}. {text}", prompt=str(n)) for n in range(pairs)))
    keys = []
    for n in range(people):
        person = User.objects.create(username=f"person-{n}", email=f"person-{n}@example.com")
        person.groups.add(role)
        keys.append(make_token(person, "load")[1])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return batch.pk, keys


def _one_request(batch: int, key: str) -> dict[str, Any]:
    """Statements and processor time of one "decide, next", in this process without a server."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {key}"})
    token = client.get(f"/api/v1/items/next?batch={batch}").json()["token"]
    count, spent = 0, []
    for n in range(120):
        began = time.process_time()
        with CaptureQueriesContext(connection) if n == 0 else _Nothing() as seen:
            answer = client.post(f"/api/v1/leases/{token}/decide", _ANSWER, content_type="application/json")
        spent.append(time.process_time() - began)
        count = len(seen) if n == 0 else count
        token = answer.json()["next"]["token"]
    return {"queries": count, "cpu_ms": round(statistics.median(spent) * 1000, 2)}


class _Nothing:
    def __enter__(self) -> list[Any]:
        return []

    def __exit__(self, *_: object) -> None:
        return None


_ANSWER = json.dumps({"side": "left", "active_ms": 2000, "next": True})


def _measure(home: Path, batch: int, keys: list[str], thinking: str, seconds: float) -> dict[str, Any]:
    """One minute of one kind of people."""
    log, port = home / f"access-{thinking}.log", free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
            "--no-control-socket", "--log-level", "warning", "--access-logfile", str(log),
            "--access-logformat", "%(D)s %(s)s %(m)s %(U)s", "vitrina.project.wsgi:application",
        ],
        cwd=ROOT,
    )  # fmt: skip
    try:
        wait_for(port)
        workers = psutil.Process(server.pid).children()
        before = sum(sum(worker.cpu_times()[:2]) for worker in workers)
        stood = _votes(batch)
        (home / "keys.json").write_text(json.dumps(keys))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.desk_http", "--seconds", str(seconds), "--client", str(port),
             str(batch), thinking, str(home / "keys.json")],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        after = sum(sum(worker.cpu_times()[:2]) for worker in workers)
    finally:
        server.terminate()
        server.wait(30)
    said = json.loads(done.stdout)
    lines = [DECIDE.match(line) for line in log.read_text().splitlines()]
    served = sorted(int(line[1]) / 1000 for line in lines if line and line[2] == "200")
    votes = _votes(batch) - stood
    return {
        "people": len(keys), "decisions": len(served), "per_s": round(len(served) / seconds, 1),
        "server_p50_ms": _percent(served, 50), "server_p95_ms": _percent(served, 95),
        "server_p99_ms": _percent(served, 99), "client_p50_ms": _percent(said["ms"], 50),
        "client_p95_ms": _percent(said["ms"], 95), "cpu_ms_a_request": round((after - before) * 1000 / len(served), 2),
        "statuses": said["statuses"], "over_annotated": _over(batch), "lost_answers": said["decided"] - votes,
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def _clients(given: list[str], seconds: float) -> dict[str, Any]:
    """All people, each a thread with a kept connection."""
    port, batch, thinking, file = int(given[0]), given[1], given[2], Path(given[3])
    times: list[float] = []
    statuses: Counter[str] = Counter()
    end = time.monotonic() + seconds

    def work(number: int, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        chance = random.Random(number)
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

        def ask(method: str, path: str, body: str | None = None) -> dict[str, Any]:
            for last in (False, True):
                try:
                    line.request(method, f"/api/v1/{path}", body, headers)
                    answer = line.getresponse()
                    break
                except (http.client.RemoteDisconnected, ConnectionError):
                    # The server ends connections that wait longer than 2 s. Sent again, an answer is one decision.
                    line.close()
                    statuses["reconnected"] += 1
                    if last:
                        raise
            content = answer.read()
            statuses[str(answer.status)] += 1
            return json.loads(content) if answer.status == 200 else {}

        held = ask("GET", f"items/next?batch={batch}")
        while held.get("token") and time.monotonic() < end:
            if thinking != "none":
                time.sleep(chance.uniform(1, 3))
            began = time.perf_counter()
            decided = ask("POST", f"leases/{held['token']}/decide", _ANSWER)
            times.append((time.perf_counter() - began) * 1000)
            held = decided.get("next") or {}
        if held.get("token"):
            ask("POST", f"leases/{held['token']}/release", "{}")

    threads = [threading.Thread(target=work, args=one) for one in enumerate(json.loads(file.read_text()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decided = statuses["200"] - len(threads)  # the first of each was a GET
    return {"ms": sorted(times), "statuses": dict(statuses), "decided": decided}


def _votes(batch: int) -> int:
    from vitrina.review.models import Decision

    return Decision.objects.filter(item__batch=batch).count()


def _over(batch: int) -> int:
    from django.db.models import Count, F

    from vitrina.review.models import ReviewItem

    return (
        ReviewItem.objects.filter(batch=batch).annotate(n=Count("decisions")).filter(n__gt=F("batch__overlap")).count()
    )


def _percent(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 1) if len(values) > 1 else 0.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/healthz")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not come up")


if __name__ == "__main__":
    main()
