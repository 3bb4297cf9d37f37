"""Pages of numbers on much data: ``python -m benchmarks.numbers_pages [--decisions 100000] [--products 20000]``.

A PostgreSQL of its own with a planted catalogue, one batch that holds all the votes, cases of moderation, a ledger, and
the marts built by dbt. For each page: statements, the median of five requests in milliseconds (through Django's own
client, so without the network), and the slowest statement.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PAGES = (
    "overview/?days=30",
    "overview/?days=90",
    "drops/",
    "templates/",
    "me/",
    "people/?days=90",
    "agreement/",
    "gateway/",
)
ROUNDS = 5
STATEMENTS = Path(__file__).with_suffix(".sql")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=20_000)
    given = parser.parse_args()
    from vitrina.servers.testing import test_server

    with test_server() as server, tempfile.TemporaryDirectory(prefix="vitrina-numbers-") as home:
        dsn = server.fresh_dsn()
        os.environ |= {"DATABASE_URL": dsn, "VITRINA_HOME": home}
        os.environ["DJANGO_SETTINGS_MODULE"] = "vitrina.project.desk_settings"
        from vitrina.project.setup import migrate
        from vitrina.screenshots.scratch import build_marts

        migrate()
        plant(given.decisions, given.products)
        assert build_marts(dsn, Path(home))
        for page in PAGES:
            sys.stdout.write(json.dumps(measure(page)) + "\n")


def plant(decisions: int, products: int) -> None:
    """Rows by the hundred thousand, made by the database itself."""
    from django.db import connection

    from vitrina.review.models import Batch
    from vitrina.screenshots.seeding import seed

    seed(products=40, pairs=30)
    values = {"votes": decisions, "products": products, "batch": Batch.objects.latest("pk").pk, "cases": decisions // 5}
    with connection.cursor() as cursor:
        for statement in STATEMENTS.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
        cursor.execute("ANALYZE")


def measure(page: str) -> dict[str, Any]:
    """One page by an administrator."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")
    admin = User.objects.get(first_name="Вера Орлова")
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    path = f"/numbers/{page}"
    times, slowest, count = [], (0.0, ""), 0
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as asked:
            began = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
        count = len(asked)
        slowest = max((float(q["time"]) * 1000, " ".join(q["sql"].split())[:90]) for q in asked.captured_queries)
    return {
        "page": page, "statements": count, "p50_ms": round(statistics.median(times)), "kB": len(answer.content) // 1024,
        "slowest_ms": round(slowest[0]), "slowest": slowest[1], "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
