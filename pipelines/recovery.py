"""Dagster's record before the daemon starts: ``python -m pipelines.recovery``.

What belongs here: marking the runs of a killed start as failed, so that run retries ask for them again, and writing
down the limits of pools. What stays out: runs of other machines: with ``--keep-runs`` all are left as they are, and the
supervisor leaves that word out only when no process of this instance lives.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import dagster as dg

from pipelines.pools import limit_pools

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


def main(words: Sequence[str] | None = None) -> None:
    """Open the instance of DAGSTER_HOME (which makes its tables on the first start) and bring its record in order."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.recovery", description=__doc__.splitlines()[0])
    parser.add_argument("--keep-runs", action="store_true", help="others share this record: leave its runs alone")
    options = parser.parse_args(words)
    with dg.DagsterInstance.get() as instance:
        limit_pools(instance)
        if options.keep_runs:
            return
        for run_id in fail_interrupted_runs(instance):
            dg.get_dagster_logger("recovery").warning("run %s was interrupted and counts as failed", run_id)


if __name__ == "__main__":
    main()
