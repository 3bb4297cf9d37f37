"""Asking a running Dagster for a run, over GraphQL.

Belongs here: finding the running webserver and launching a job. Stays out: what jobs do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitrina.errors import RetryableError
from vitrina.servers.graphql import DagsterApi
from vitrina.servers.state import running_stack

_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on InvalidSubsetError { message }
    ... on PresetNotFoundError { message }
    ... on ConflictingExecutionParamsError { message }
  }
}
"""


def running_api(home: Path) -> DagsterApi | None:
    """The API of the platform that runs from this home folder, ``None`` when none does."""
    state = running_stack(home)
    return DagsterApi(state.address) if state is not None and state.ready else None


def launch(
    api: DagsterApi,
    job: str,
    *,
    location: str = "catalog",
    partition: str | None = None,
    tags: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
) -> str:
    """Launch a job and return the run's id. ``config`` is its run config.

    Raises:
        RetryableError: Dagster does not answer or refuses.
    """
    wanted = dict(tags or {}) | ({"dagster/partition": partition} if partition is not None else {})
    params = {
        "selector": {"repositoryLocationName": location, "repositoryName": "__repository__", "jobName": job},
        "runConfigData": dict(config or {}),
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in wanted.items()]},
    }
    answer = api.ask(_LAUNCH, params=params)["launchRun"]
    if answer["__typename"] != "LaunchRunSuccess":
        said = answer.get("message") or "; ".join(error["message"] for error in answer.get("errors", []))
        raise RetryableError(f"Dagster did not launch {job}: {said or answer['__typename']}")
    return str(answer["run"]["runId"])
