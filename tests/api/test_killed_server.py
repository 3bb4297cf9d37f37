"""A server that is killed in the middle of decisions has kept every one that it answered with 200."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from benchmarks.desk_http import wait_for
from tests.fakes.ports import quiet_port
from tests.review.passing import nobody_else_writes

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
PEOPLE = 6
ENOUGH = 25  # decisions before the end


@pytest.mark.slow
def test_what_was_answered_with_200_is_there_after_kill_9(
    caller: Callable[..., Caller], batch: Callable[..., Batch]
) -> None:
    from vitrina.review.models import Decision, Outbox, ReviewItem

    work = batch(400)
    callers = [caller("annotator", f"p{n}@example.com") for n in range(PEOPLE)]
    port = quiet_port()
    command = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--no-control-socket"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *command, "--log-level", "critical", "vitrina.project.wsgi:application"],
        env=os.environ | {"API_WORK_RATE_PER_MINUTE": "100000"},
    )
    answered: list[int] = []
    lock = threading.Lock()

    def decide(one: Caller) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {one.key}", "Content-Type": "application/json"}

        def ask(method: str, path: str, body: Any = None) -> Any:
            line.request(method, f"/api/v1/{path}", json.dumps(body) if body else None, headers)
            answer = line.getresponse()
            return json.loads(answer.read()) if answer.status == 200 else {}

        try:
            held = ask("GET", f"items/next?batch={work.pk}")
            while held:
                said = ask("POST", f"leases/{held['token']}/decide", {"side": "left", "next": True})
                if said:
                    with lock:
                        answered.append(said["decision"])
                held = said.get("next")
        except (OSError, http.client.HTTPException, ValueError):
            return  # it was killed

    try:
        wait_for(port)
        children = psutil.Process(server.pid).children()
        threads = [threading.Thread(target=decide, args=(one,), daemon=True) for one in callers]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 120
        while len(answered) < ENOUGH and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        for process in [psutil.Process(server.pid), *children]:
            process.send_signal(signal.SIGKILL)
        server.wait(120)
    for thread in threads:
        thread.join(60)
    nobody_else_writes()
    assert len(answered) >= ENOUGH
    assert len(set(answered)) == len(answered)
    kept = set(Decision.objects.values_list("pk", flat=True))
    assert set(answered) <= kept
    assert len(kept) <= len(answered) + PEOPLE  # what was committed and could not be answered any more
    assert set(Outbox.objects.values_list("decision", flat=True)) == kept
    assert not [item for item in ReviewItem.objects.all() if item.done != item.decisions.count()]
