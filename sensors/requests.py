"""When to ask again for a run that ended without doing its work.

Belongs here: counting the runs of one purpose. Stays out: what the purpose is (each sensor tags its own).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

#: Runs for one and the same purpose; then a person is needed.
TRIES = 5
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_PAUSE = timedelta(seconds=30)
PURPOSE_TAG = "vitrina/purpose"
STATE_TAG = "vitrina/state"


def attempt(instance: dg.DagsterInstance, tags: Mapping[str, str], *, now: datetime | None = None) -> int | str:
    """The number of the next run with these tags, from 0; or, as text, why none is due.

    A run in progress is not doubled. After one that ended, the pause grows: 30 s, 90 s, 4.5 min, 13.5 min. Run retries
    are runs with the same tags and count.
    """
    records = instance.get_run_records(dg.RunsFilter(tags=dict(tags)), limit=TRIES + 1)
    if any(not record.dagster_run.is_finished for record in records):
        return "a run is under way"
    done = len(records)
    if done >= TRIES:
        return f"{done} runs did not do it; see their messages, then run the job by hand"
    if records:
        ended = max(record.end_time or record.create_timestamp.timestamp() for record in records)
        due = datetime.fromtimestamp(ended, UTC) + _PAUSE * 3 ** (done - 1)
        if (now or datetime.now(UTC)) < due:
            return f"the last run did not do it; the next is asked for at {due:%H:%M:%S} UTC"
    return done


def done(instance: dg.DagsterInstance, purpose: str, state: str) -> bool:
    """Whether a run for this state of things succeeded."""
    tags = {PURPOSE_TAG: purpose, STATE_TAG: state}
    return instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=[dg.DagsterRunStatus.SUCCESS])) > 0


def request_once(
    instance: dg.DagsterInstance, purpose: str, state: str, *, run_config: Mapping[str, Any] | None = None
) -> dg.RunRequest | dg.SkipReason:
    """A run for this state of things, unless one for the purpose is under way or several did not change the state."""
    tags = {PURPOSE_TAG: purpose}
    if instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=IN_PROGRESS)):
        return dg.SkipReason("A run is under way.")
    tags |= {STATE_TAG: state}
    number = attempt(instance, tags)
    if isinstance(number, str):
        return dg.SkipReason(number)
    return dg.RunRequest(run_key=f"{purpose}:{state}:{number}", tags=tags, run_config=dict(run_config or {}))
