"""Speaking to the webserver by GraphQL over loopback.

What belongs here: the few questions that the supervisor, the demo and the command line ask. What stays out: any
import of Dagster, and decisions about the answers.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vitrina.errors import RetryableError

IN_PROGRESS = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
WORKING = ("NOT_STARTED", "STARTING", "STARTED", "CANCELING")

_LOCATIONS = """query { workspaceOrError { __typename
  ... on Workspace { locationEntries { name loadStatus locationOrLoadError { __typename
      ... on PythonError { message } } } }
  ... on PythonError { message } } }"""
_RUNS = """query($filter: RunsFilter!, $limit: Int!) { runsOrError(filter: $filter, limit: $limit) { __typename
  ... on Runs { results { runId status jobName startTime updateTime
      stepKeysToExecute tags { key value }
      stats { ... on RunStatsSnapshot { stepsFailed } } } }
  ... on PythonError { message } } }"""
_TERMINATE = """mutation($ids: [String!]!) { terminateRuns(runIds: $ids, terminatePolicy: SAFE_TERMINATE) {
  __typename ... on PythonError { message } } }"""
_FAILURES = """query($id: ID!) { logsForRun(runId: $id, limit: 1000) { __typename
  ... on EventConnection { events { __typename
      ... on ExecutionStepFailureEvent { stepKey error { message } }
      ... on RunFailureEvent { message error { message } } } } } }"""


@dataclass(frozen=True, slots=True)
class Location:
    """A code location as the webserver sees it; ``error`` is the message of a failed load."""

    name: str
    loaded: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run in short. ``started`` and ``updated`` are seconds since the epoch."""

    run_id: str
    status: str
    job: str
    started: float | None
    updated: float | None
    tags: dict[str, str]


class DagsterSilent(RetryableError):
    """Nobody answers at the webserver's address, or not in its language."""


class DagsterApi:
    """The GraphQL end of a webserver, for example ``http://127.0.0.1:3000``."""

    def __init__(self, address: str, *, timeout_s: float = 20.0) -> None:
        self.address = address.rstrip("/")
        self._timeout_s = timeout_s
        # an HTTP_PROXY in the environment must not carry loopback traffic away
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send one query and return its data.

        Raises:
            DagsterSilent: nobody answers.
            RetryableError: the answer is an error.
        """
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(  # noqa: S310 - http to loopback, built above
            f"{self.address}/graphql", data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                said = json.load(answer)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise DagsterSilent(
                f"Dagster does not answer at {self.address}: {error}", hint="Start it with `vitrina up`."
            ) from error
        if said.get("errors"):
            raise RetryableError(f"Dagster refused a query: {said['errors'][0].get('message')}")
        return dict(said["data"])

    def locations(self) -> list[Location]:
        """The code locations; those still loading are not ``loaded`` and have no error."""
        answer = self.ask(_LOCATIONS)["workspaceOrError"]
        found = []
        for entry in answer.get("locationEntries", []):
            result = entry["locationOrLoadError"] or {}
            broken = result.get("__typename") == "PythonError"
            loaded = entry["loadStatus"] == "LOADED" and bool(result) and not broken
            found.append(Location(entry["name"], loaded, str(result.get("message")) if broken else None))
        return found

    def runs(
        self,
        *statuses: str,
        limit: int = 500,
        updated_after: float | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> list[Run]:
        """Runs in given states and with given tags, newest first."""
        chosen: dict[str, Any] = {"statuses": list(statuses)} if statuses else {}
        if updated_after is not None:
            chosen["updatedAfter"] = updated_after
        if tags:
            chosen["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
        answer = self.ask(_RUNS, filter=chosen, limit=limit)["runsOrError"]
        return [
            Run(
                run_id=row["runId"],
                status=row["status"],
                job=row["jobName"],
                started=row["startTime"],
                updated=row["updateTime"],
                tags={tag["key"]: tag["value"] for tag in row["tags"]},
            )
            for row in answer.get("results", [])
        ]

    def terminate(self, run_ids: list[str]) -> None:
        """Tell runs to stop; they end in their own time."""
        if run_ids:
            self.ask(_TERMINATE, ids=run_ids)

    def failures(self, run_id: str) -> list[tuple[str, str]]:
        """Failed steps of a run with the first line of each message."""
        events = self.ask(_FAILURES, id=run_id)["logsForRun"].get("events", [])
        found = []
        for event in events:
            if event["__typename"] == "ExecutionStepFailureEvent":
                message = (event.get("error") or {}).get("message") or "no message"
                found.append((event["stepKey"], message.strip().splitlines()[0]))
            elif event["__typename"] == "RunFailureEvent" and not found:
                found.append(("run", (event.get("message") or "failed").strip().splitlines()[0]))
        return found
