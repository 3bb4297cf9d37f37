"""The queue of pairs under load: ``python -m benchmarks.review_queue [--pairs 100000] [--threads 20] [--votes 3000]``.

A PostgreSQL of its own, overlap 2, threads with connections of their own that take and decide without thinking.
Percentiles of ``next_item`` and of both together, votes a second, pairs with more votes than they need.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=20)
    parser.add_argument("--votes", type=int, default=3000)
    parser.add_argument("--strategy", default="priority")
    given = parser.parse_args()
    from vitrina.servers.testing import test_server

    with test_server() as server, tempfile.TemporaryDirectory(prefix="vitrina-queue-") as home:
        os.environ |= {"DATABASE_URL": server.fresh_dsn(), "VITRINA_HOME": home}
        from vitrina.project.setup import migrate

        migrate()
        sys.stdout.write(json.dumps(measure(given.pairs, given.threads, given.votes, given.strategy)) + "\n")


def measure(pairs: int, threads: int, votes: int, strategy: str) -> dict[str, Any]:
    """Fill a batch, let the threads vote, look at what stands."""
    from django.contrib.auth.models import Group, User
    from django.db import connection, connections
    from django.db.models import Count

    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.comparing import decide_pair
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.models import Decision, Lease, ReviewItem
    from vitrina.review.queue import next_item
    from vitrina.review.results import PairDraft, Taken

    admin = User.objects.create(username="admin", is_superuser=True)
    role, _ = Group.objects.get_or_create(name="annotator")
    people = [User.objects.create(username=f"person-{n}") for n in range(threads)]
    for person in people:
        person.groups.add(role)
    rules = publish_guidelines(admin, "sense", body_ru="Правила", body_en="Rules")
    batch = create_batch(admin, name="load", question_ru="?", question_en="?", guidelines=rules, strategy=strategy)
    began = time.perf_counter()
    add_pairs(batch, (PairDraft(f"Первый текст {n}", f"Второй {n}", prompt=str(n)) for n in range(pairs)))
    filled = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    each = votes // threads

    def work(person: User) -> tuple[list[float], list[float]]:
        next_times, both_times = [], []
        # Django would ask for a connection at every statement only in a request; a thread keeps its own.
        for _ in range(each):
            start = time.perf_counter()
            found = next_item(person, batch=batch)
            taken = time.perf_counter()
            if not isinstance(found, Taken):
                break
            decide_pair(person, found.token, side="left")
            both_times.append(time.perf_counter() - start)
            next_times.append(taken - start)
        connections.close_all()
        return next_times, both_times

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(work, people))
    took = time.perf_counter() - began
    nexts = sorted(value for times, _ in results for value in times)
    both = sorted(value for _, times in results for value in times)
    over = ReviewItem.objects.annotate(n=Count("decisions")).filter(n__gt=batch.overlap + batch.extra_votes).count()
    return {
        "pairs": pairs, "threads": threads, "strategy": strategy, "votes": Decision.objects.count(),
        "fill_s": round(filled, 1), "next_p50_ms": _ms(nexts, 50), "next_p95_ms": _ms(nexts, 95),
        "next_and_decide_p50_ms": _ms(both, 50), "next_and_decide_p95_ms": _ms(both, 95),
        "votes_per_s": round(len(both) / took), "over_annotated": over,
        "leases_left": Lease.objects.filter(ended_at=None).count(), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def _ms(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1] * 1000, 1)


if __name__ == "__main__":
    main()
