"""Runs that nobody works on any more: ``python -m pipelines.recovery``, before the daemon starts.

What belongs here: marking the runs of a killed start as failed, so that run retries ask for them again. What stays
out: runs of other machines; the supervisor calls this only when no process of this instance lives.
"""

from __future__ import annotations

import dagster as dg

INTERRUPTED = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
MESSAGE = "The platform was killed while this run was in progress."


def fail_interrupted_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark every run in progress as failed and return their ids. Queued runs stay queued."""
    runs = instance.get_runs(dg.RunsFilter(statuses=list(INTERRUPTED)))
    for run in runs:
        instance.report_run_failed(run, message=MESSAGE)
    return [run.run_id for run in runs]


def main() -> None:
    """Open the instance of DAGSTER_HOME (which makes its tables on the first start) and mark its runs."""
    with dg.DagsterInstance.get() as instance:
        for run_id in fail_interrupted_runs(instance):
            dg.get_dagster_logger("recovery").warning("run %s was interrupted and counts as failed", run_id)


if __name__ == "__main__":
    main()
