"""Runs as the desk asks for them and shows them: by GraphQL, with short waits, and clear words when nobody answers.

Belongs here: launching ``process_products``, ``background_requests`` and ``intake``, the state of a run as plain
values. Stays out: what the jobs do, pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vitrina.config import Settings
from vitrina.errors import RetryableError
from vitrina.servers.graphql import IN_PROGRESS, DagsterApi, Run
from vitrina.servers.launch import launch, running_api
from vitrina.workbench.options import ProcessingOptions

#: A page does not wait longer than this for Dagster.
WAIT_SECONDS = 5.0
PROCESS, BACKGROUNDS, INTAKE = "process_products", "background_requests", "intake"
#: Jobs whose runs are shown to who may ask for them.
JOBS = (PROCESS, BACKGROUNDS)
PRODUCT_TAG, PERSON_TAG = "vitrina/product", "vitrina/asked_by"
_MOST_LINES, _MOST_TEXT = 60, 600

_RUN = """query($id: ID!, $limit: Int!) {
  runOrError(runId: $id) { __typename
    ... on Run { runId status jobName startTime endTime updateTime tags { key value }
      stepStats { stepKey status startTime endTime } }
    ... on PythonError { message } }
  logsForRun(runId: $id, limit: $limit) { __typename
    ... on EventConnection { events { __typename
      ... on LogMessageEvent { timestamp level message }
      ... on RunFailureEvent { timestamp message error { message } }
      ... on ExecutionStepFailureEvent { timestamp stepKey error { message cause { message } } } } } } }"""


class NotRunning(RetryableError):
    """No platform runs whose runs could be asked for."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a run said: when, and whether it is a complaint."""

    at: datetime
    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as a person follows it. Times are UTC."""

    run_id: str
    status: str
    job: str
    tags: Mapping[str, str]
    started: datetime | None = None
    ended: datetime | None = None
    steps: Sequence[tuple[str, str]] = ()
    lines: Sequence[Line] = field(default_factory=list)

    @property
    def going_on(self) -> bool:
        """Whether it is worth asking again."""
        return self.status in IN_PROGRESS

    @property
    def seconds(self) -> float | None:
        """How long it has worked."""
        if self.started is None:
            return None
        return ((self.ended or datetime.now(UTC)) - self.started).total_seconds()


def connected(settings: Settings, *, wait: float = WAIT_SECONDS) -> DagsterApi:
    """The webserver of the running platform; each question waits so long for its answer.

    Raises:
        NotRunning: There is none.
    """
    if settings.dagster_url:
        return DagsterApi(settings.dagster_url, timeout_s=wait)
    running = running_api(settings.vitrina_home)
    if running is None:
        raise NotRunning("Dagster is not running.", hint="Start the platform with `make up`.")
    return DagsterApi(running.address, timeout_s=wait)


def is_running(settings: Settings) -> bool:
    """Whether runs can be asked for, as far as is known without asking."""
    return bool(settings.dagster_url) or running_api(settings.vitrina_home) is not None


def process(api: DagsterApi, product_id: int, options: ProcessingOptions, *, person: int) -> str:
    """Ask for a run that processes a product; returns its id.

    Raises:
        RetryableError: Dagster does not answer or refuses.
    """
    config = {"ops": {"process_chosen": {"config": {"product_ids": [product_id], **options.model_dump()}}}}
    tags = {PRODUCT_TAG: str(product_id), PERSON_TAG: str(person), "dagster/priority": "20"}
    return launch(api, PROCESS, tags=tags, config=config)


def work_backgrounds(api: DagsterApi) -> str | None:
    """Have the queue of background requests worked now, unless a run is at it; returns the run's id."""
    if any(run.job == BACKGROUNDS for run in api.runs(*IN_PROGRESS, limit=100)):
        return None
    return launch(api, BACKGROUNDS)


def read_drop_again(api: DagsterApi, key: str, *, person: int) -> str:
    """Ask for a run that reads a drop once more, with the settings that its source has now; returns the run's id.

    Raises:
        RetryableError: Dagster does not answer or refuses.
    """
    return launch(api, INTAKE, partition=key, tags={PERSON_TAG: str(person)})


def runs_of_product(api: DagsterApi, product_id: int, *, limit: int = 10) -> list[Run]:
    """Runs that people asked for on a product's page, the newest first."""
    return api.runs(tags={PRODUCT_TAG: str(product_id)}, limit=limit)


def state_of(api: DagsterApi, run_id: str) -> RunState | None:
    """A run with its steps and what it said; ``None`` for an unknown one.

    Raises:
        RetryableError: Dagster does not answer.
    """
    answer = api.ask(_RUN, id=run_id, limit=1_000)
    run = answer["runOrError"]
    if run["__typename"] == "PythonError":
        raise RetryableError(f"Dagster cannot show the run: {_first_line(run['message'])}")
    if run["__typename"] != "Run":
        return None
    events = (answer.get("logsForRun") or {}).get("events") or []
    lines = [line for event in events if (line := _line(event)) is not None]
    return RunState(
        run["runId"], run["status"], run["jobName"], {tag["key"]: tag["value"] for tag in run["tags"]},
        moment(run["startTime"]), moment(run["endTime"]),
        [(step["stepKey"], step["status"] or "") for step in run["stepStats"] or []], lines[-_MOST_LINES:],
    )  # fmt: skip


def _line(event: Mapping[str, Any]) -> Line | None:
    kind = event["__typename"]
    if kind == "LogMessageEvent" and event.get("level") in {"INFO", "WARNING", "ERROR", "CRITICAL"}:
        return Line(_stamp(event), str(event["message"])[:_MOST_TEXT], event["level"] not in {"INFO"})
    if kind == "ExecutionStepFailureEvent":
        error = event.get("error") or {}
        # Dagster wraps what went wrong; a person wants the innermost words.
        said = (error.get("cause") or {}).get("message") or error.get("message") or "no message"
        return Line(_stamp(event), f"{event['stepKey']}: {_first_line(said)}", bad=True)
    if kind == "RunFailureEvent":
        said = (event.get("error") or {}).get("message") or event.get("message") or "failed"
        return Line(_stamp(event), _first_line(said), bad=True)
    return None


def _stamp(event: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC)


def moment(seconds: float | None) -> datetime | None:
    """Dagster's time as one of ours."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:_MOST_TEXT]
