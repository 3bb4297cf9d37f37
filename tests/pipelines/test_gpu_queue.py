"""One training at a time: the queue's real configuration, and the limit of the pool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._utils.tags import TagConcurrencyLimitsCounter

from pipelines.pools import limit_pools
from pipelines.recovery import main
from pipelines.training import build_defs
from tests.fakes.catalogue import REPOSITORY

QUEUE = yaml.safe_load((REPOSITORY / "deploy" / "dagster.yaml").read_text())["concurrency"]
EVENTS = {"module": "dagster._core.storage.event_log.sqlite", "class": "ConsolidatedSqliteEventLogStorage"}


@pytest.fixture
def queued(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the platform's concurrency, and a storage that can limit pools."""
    events = EVENTS | {"config": {"base_dir": str(tmp_path)}}
    overrides = {"concurrency": QUEUE, "event_log_storage": events, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(overrides))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@pytest.mark.parametrize("job", ["train_reward_model", "train_policy"])
def test_a_second_training_waits_in_the_queue(queued: dg.DagsterInstance, job: str) -> None:
    definition = build_defs().resolve_job_def(job)
    runs = [queued.create_run_for_job(definition, tags=definition.run_tags) for _ in range(2)]
    queue = queued.get_concurrency_config().run_queue_config
    assert queue is not None
    counter = TagConcurrencyLimitsCounter(queue.tag_concurrency_limits, [])
    assert not counter.is_blocked(runs[0])
    counter.update_counters_with_launched_item(runs[0])
    assert counter.is_blocked(runs[1])


def test_every_job_with_a_step_on_the_gpu_says_so_to_the_queue() -> None:
    defs = build_defs()
    for job in (defs.resolve_job_def(job.name) for job in defs.jobs or ()):
        pools = set().union(*(node.definition.pools for node in job.nodes))
        assert ("gpu" in pools) == (job.run_tags.get("gpu") == "1"), job.name


def test_the_pool_of_the_gpu_holds_one_step_and_a_persons_word_is_kept(queued: dg.DagsterInstance) -> None:
    queued.event_log_storage.initialize_concurrency_limit_to_default("gpu")
    assert limit_pools(queued) == {"gpu": 1}
    assert queued.event_log_storage.get_concurrency_info("gpu").slot_count == 1
    queued.event_log_storage.set_concurrency_slots("gpu", 2)
    assert limit_pools(queued) == {}
    assert queued.event_log_storage.get_concurrency_info("gpu").slot_count == 2


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus | None:
    found = instance.get_run_by_id(run.run_id)
    return found.status if found else None


def test_on_a_shared_record_the_start_sets_limits_and_leaves_runs_alone(
    queued: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", queued.root_directory)
    job = build_defs().resolve_job_def("train_reward_model")
    run = queued.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    main(["--keep-runs"])
    assert status(queued, run) == dg.DagsterRunStatus.STARTED
    assert queued.event_log_storage.get_concurrency_info("gpu").slot_count == 1
    main([])
    assert status(queued, run) == dg.DagsterRunStatus.FAILURE
