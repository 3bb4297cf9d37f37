"""The platform's own jobs, run in this process on a real Dagster instance.

Belongs here: placing drops, asking the sensor, running jobs of the code locations, reading what they told. Stays out:
the order of the demo (``course``). Jobs run in process: no daemon that would start them at its own time, and no
interpreter for each (5 s of two cores). Every run and every asset stands in Dagster's record, as from the daemon.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from vitrina.config import Settings
from vitrina.errors import RetryableError

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@dataclass
class Platform:
    """The code locations on one instance.

    Attributes:
        checks: Name of each check of the last run → whether it passed.
        why: Why the last run failed; empty when it did not.
    """

    instance: dg.DagsterInstance
    settings: Settings
    checks: dict[str, bool] = field(default_factory=dict)
    why: str = ""
    _runs: ThreadPoolExecutor | None = None
    _locations: dict[str, dg.Definitions] = field(default_factory=dict)

    def run(
        self, location: str, job: str, *, keys: Sequence[str] = (), select: Sequence[str] = (),
        config: Mapping[str, Any] | None = None, tags: Mapping[str, str] | None = None, fails: bool = True,
    ) -> dict[str, dict[str, Any]]:  # fmt: skip
        """Run a job, over partitions where keys are given.

        Args:
            location: Module of ``pipelines``.
            select: Assets of the job; all when empty.
            config: Of assets: name → config.
            fails: Whether a failed run is an error; else it returns what was made.

        Returns:
            Asset → metadata of its materialization.

        Raises:
            RetryableError: the run failed.
        """
        definitions = self._location(location)
        range_tags = dict(zip(RANGE, (keys[0], keys[-1]), strict=True)) if len(keys) > 1 else {}

        def execute() -> dg.ExecuteInProcessResult:
            return definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                partition_key=keys[0] if len(keys) == 1 else None,
                tags={**(tags or {}), **range_tags},
                run_config={"ops": {name: {"config": dict(own)} for name, own in (config or {}).items()}},
                asset_selection=[dg.AssetKey(name) for name in select] if select else None,
                raise_on_error=False,
            )

        result = self._elsewhere(execute)
        self.checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
        self.why = "" if result.success else _why(result)
        if self.why and fails:
            raise RetryableError(f"The job {job} failed: {self.why}", hint="Start the demo again: it goes on.")
        return _told(result)

    def _elsewhere(self, execute: Callable[[], dg.ExecuteInProcessResult]) -> dg.ExecuteInProcessResult:
        """Run it in the one thread for runs, which lives as long as the process.

        In the main thread Dagster takes Ctrl-C for a failed step, and tries that again by its retry policy.
        """
        if self._runs is None:
            self._runs = ThreadPoolExecutor(1, thread_name_prefix="runs")
        return self._runs.submit(execute).result()

    def take_in(self, files: Mapping[str, bytes]) -> list[str]:
        """Put files where parsers leave them, let the sensor find them, and read them. Returns the drops' keys."""
        from vitrina.catalog.models import Drop
        from vitrina.objects import open_store

        store = open_store(self.settings)
        for key, data in sorted(files.items(), key=lambda item: not item[0].endswith("source.yaml")):
            store.put(key, data)
        for request in self._ask("new_drops"):
            keys = [request.partition_key] if request.partition_key else self._range(request)
            self.run("catalog", "intake", keys=keys, tags=request.tags)
        paths = [key for key in files if not key.endswith("source.yaml")]
        placed = set(Drop.objects.filter(path__in=paths).values_list("key", flat=True))
        # In the order of partitions: a range of them is a run
        found = [key for key in self.instance.get_dynamic_partitions("drops") if key in placed]
        if len(found) < len(paths):
            raise RetryableError(f"Of {len(paths)} drops the sensor found {len(found)}.")
        return found

    def _ask(self, sensor: str) -> list[dg.RunRequest]:
        """What a sensor of the catalogue asks for now: two ticks, since a file must stand still between them."""
        from resources import default_resources

        requests: list[dg.RunRequest] = []
        cursor = None
        for _ in range(2):
            with dg.build_sensor_context(
                instance=self.instance, cursor=cursor, resources=default_resources()
            ) as context:
                answer = self._location("catalog").resolve_sensor_def(sensor)(context)
                if isinstance(answer, dg.SensorResult):
                    requests += answer.run_requests or []
                cursor = answer.cursor if isinstance(answer, dg.SensorResult) else context.cursor
        return requests

    def _range(self, request: dg.RunRequest) -> list[str]:
        known = list(self.instance.get_dynamic_partitions("drops"))
        return known[known.index(request.tags[RANGE[0]]) : known.index(request.tags[RANGE[1]]) + 1]

    def _location(self, name: str) -> dg.Definitions:
        if name not in self._locations:
            self._locations[name] = importlib.import_module(f"pipelines.{name}").build_defs()
        return self._locations[name]


def _told(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            name = made.asset_key.path[-1]
            values = {key: value.value for key, value in made.metadata.items()}
            found[name] = {**found.get(name, {}), **values}
    return found


def _why(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            said = event.step_failure_data.user_failure_data
            if said is not None and said.description:
                return f"{event.step_key}: {said.description}"
            return f"{event.step_key}: {error.message.strip().splitlines()[0] if error else 'no message'}"
    return "see the run in Dagster"
