"""A Dagster webserver's GraphQL end on loopback, with switches: slow, refusing, runs that fail.

Belongs here: answering what the desk asks, and remembering it. Stays out: executing anything.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeDagster:
    """``launched`` holds the parameters of each run; ``status`` is what a run is in; ``says`` are its log lines."""

    port: int = 0
    launched: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: str = "STARTED"
    says: list[str] = field(default_factory=list)
    fails_with: str = ""
    slow: float = 0.0
    refuses: str = ""
    broken: bool = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "launchRun" in query:
            return {"launchRun": self._launch(variables["params"])}
        if "logsForRun" in query:
            return self._run(variables["id"])
        if "runsOrError" in query:
            return {"runsOrError": {"__typename": "Runs", "results": self._runs(variables["filter"])}}
        raise AssertionError(query)

    def _launch(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            return {"__typename": "PythonError", "message": self.refuses}
        run_id = str(uuid.uuid4())
        self.launched.append(params)
        self.runs[run_id] = params
        return {"__typename": "LaunchRunSuccess", "run": {"runId": run_id}}

    def _runs(self, chosen: dict[str, Any]) -> list[dict[str, Any]]:
        if chosen.get("statuses") and self.status not in chosen["statuses"]:
            return []
        found = []
        for run_id, params in self.runs.items():
            tags = params["executionMetadata"]["tags"]
            if all(tag in tags for tag in chosen.get("tags", [])):
                found.append({"runId": run_id, "status": self.status, "jobName": params["selector"]["jobName"],
                              "startTime": 1_750_000_000.0, "updateTime": None, "stepKeysToExecute": [], "tags": tags,
                              "stats": {}})  # fmt: skip
        return found[::-1]

    def _run(self, run_id: str) -> dict[str, Any]:
        params = self.runs.get(run_id)
        if params is None:
            return {"runOrError": {"__typename": "RunNotFoundError"}, "logsForRun": {"__typename": "RunNotFoundError"}}
        events: list[dict[str, Any]] = [
            {"__typename": "LogMessageEvent", "timestamp": "1750000000000", "level": "INFO", "message": text}
            for text in self.says
        ]
        events.append({"__typename": "EngineEvent"})
        if self.fails_with:
            events.append({"__typename": "ExecutionStepFailureEvent", "timestamp": "1750000001000",
                           "stepKey": "process_chosen",
                           "error": {"message": "DagsterExecutionStepExecutionError: …",
                                     "cause": {"message": self.fails_with + "\ntrace"}}})  # fmt: skip
        run = {"__typename": "Run", "runId": run_id, "status": self.status, "jobName": params["selector"]["jobName"],
               "startTime": 1_750_000_000.0, "endTime": None if self.status == "STARTED" else 1_750_000_012.0,
               "updateTime": None, "tags": params["executionMetadata"]["tags"],
               "stepStats": [{"stepKey": "process_chosen", "status": None}]}  # fmt: skip
        return {"runOrError": run, "logsForRun": {"__typename": "EventConnection", "events": events}}


@contextmanager
def fake_dagster() -> Iterator[FakeDagster]:
    """It answers until the block ends."""
    fake = FakeDagster()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(fake.slow)
            status, said = 200, b"<html>"
            if not fake.broken:
                said = json.dumps({"data": fake.answer(asked["query"], asked["variables"])}).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                return  # who asked has given up

        def log_message(self, format: str, *args: Any) -> None:
            """Tests say what went wrong themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
