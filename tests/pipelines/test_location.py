"""The code locations as they are loaded: what it imports, what it holds, how every asset presents itself.

``specs*.yaml`` are the locations' public face, kept for review: after a change that is meant, write it anew with
``VITRINA_TEST_UPDATE=1 pytest tests/pipelines/test_location.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from tests.fakes.catalogue import REPOSITORY, location

#: Location → its snapshot.
SNAPSHOTS = {
    "catalog": Path(__file__).parent / "specs.yaml",
    "feedback": Path(__file__).parent / "specs-feedback.yaml",
    "training": Path(__file__).parent / "specs-training.yaml",
}
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "datasets",
    "dbt",
    "sklearn",
    "pandas",
    "matplotlib",
    "pymorphy3",
    "qdrant_edge",
}
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@192.0.2.1:1/none",
    "QDRANT_URL": "http://192.0.2.1:1",
    "OPENAI_BASE_URL": "http://192.0.2.1:1/v1",
    "S3_BUCKET": "none",
    "S3_ENDPOINT_URL": "http://192.0.2.1:1",
}


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def loaded(name: str) -> dg.Definitions:
    """A location as it is loaded everywhere."""
    return location() if name == "catalog" else import_module(f"pipelines.{name}").defs


def specs_of(defs: dg.Definitions) -> list[dg.AssetSpec]:
    """The location's own assets, without the stubs of those of other locations that they depend on."""
    others = {dep.asset_key for spec in defs.resolve_all_asset_specs() for dep in spec.deps}
    specs = defs.resolve_all_asset_specs()
    return [spec for spec in specs if spec.description or spec.key not in others]


@pytest.mark.parametrize(
    ("name", "job"),
    [("catalog", "process_drop"), ("feedback", "make_preference_dataset"), ("training", "train_reward_model")],
)
def test_loading_the_location_imports_nothing_heavy_and_connects_to_nothing(
    name: str, job: str, tmp_path: Path
) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError(f'connected to {a}')\n"
        "socket.socket.connect = refuse\n"
        f"import pipelines.{name} as location\n"
        f"assert location.defs.resolve_job_def('{job}')\n"
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    home = tmp_path / "home"
    done = python(code, VITRINA_HOME=str(home), **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert HEAVY.isdisjoint(done.stdout.split())
    assert not home.exists(), "loading writes nothing"


def test_the_merged_module_imports_no_training_library() -> None:
    done = python("import sys, pipelines.definitions\nprint(' '.join(sys.modules))", **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert {"torch", "transformers", "trl", "datasets"}.isdisjoint(done.stdout.split())


def test_asset_keys_are_unique_over_all_locations() -> None:
    modules = [
        entry["python_module"] for entry in yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())["load_from"]
    ]
    keys: Counter[dg.AssetKey] = Counter()
    names = [module["location_name"] for module in modules]
    assert len(names) == len(set(names))
    for module in modules:
        defs = __import__(module["module_name"], fromlist=["defs"]).defs
        graph = defs.get_repository_def().asset_graph
        keys.update(graph.materializable_asset_keys)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("place", SNAPSHOTS)
def test_every_asset_says_what_it_is_who_answers_and_where_it_belongs(place: str) -> None:
    for spec in specs_of(loaded(place)):
        name = spec.key.to_user_string()
        assert spec.description, name
        assert len(spec.description) > 30, name
        assert spec.kinds, name
        assert list(spec.owners), name
        assert spec.group_name not in {None, "default"}, name
        assert spec.tags.get("domain"), name


@pytest.mark.parametrize("place", SNAPSHOTS)
def test_every_job_sensor_and_schedule_has_a_description(place: str) -> None:
    defs = loaded(place)
    for thing in (*(defs.jobs or ()), *(defs.schedules or ()), *(defs.sensors or ())):
        if not isinstance(thing, dg.AutomationConditionSensorDefinition):
            assert thing.description or getattr(thing, "job", None), thing


def test_what_can_call_a_paid_model_by_the_clock_is_off_until_switched_on() -> None:
    states = {
        s.name: s.default_status.value for s in location().schedules or () if isinstance(s, dg.ScheduleDefinition)
    }
    assert states == {
        "uncategorised_products": "STOPPED",
        "missing_descriptions": "STOPPED",
        "retry_failures": "STOPPED",
        "failed_model_partitions_backfill": "STOPPED",
        "failed_partitions_backfill": "RUNNING",
        "log_cleanup_daily": "RUNNING",
        "waiting_pictures": "RUNNING",
        "background_requests": "RUNNING",
        "lease_sweep": "RUNNING",
        "decision_checks": "RUNNING",
    }
    assert all(sensor.default_status.value == "RUNNING" for sensor in location().sensors or ())
    feedback = {sensor.name: sensor.default_status.value for sensor in loaded("feedback").sensors or ()}
    for paid in ("pair_queue", "new_champion"):
        assert feedback.pop(paid) == "STOPPED", "it has texts written"
    assert set(feedback.values()) == {"RUNNING"}


def described(place: str) -> dict[str, Any]:
    """A location in plain words."""
    defs = loaded(place)
    graph = defs.get_repository_def().asset_graph
    assets = {}
    for spec in sorted(specs_of(defs), key=lambda spec: spec.key):
        node = graph.get(spec.key)
        condition = spec.automation_condition
        assets[spec.key.to_user_string()] = {
            "group": spec.group_name,
            "kinds": sorted(spec.kinds),
            "owners": list(spec.owners),
            "tags": {name: value for name, value in spec.tags.items() if not name.startswith("dagster/")},
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "partitions": spec.partitions_def.name if spec.partitions_def is not None else None,
            "backfill": node.backfill_policy.policy_type.value if node.backfill_policy is not None else None,
            "automation": condition.get_label() if condition is not None else None,
            "code_version": spec.code_version,
            "pools": sorted(node.pools or ()),
            "checks": sorted(key.name for key in node.check_keys),
        }
    jobs = {}
    for job in defs.jobs or ():
        resolved = defs.resolve_job_def(job.name)
        keys = resolved.asset_layer.selected_asset_keys or ()
        jobs[job.name] = sorted(key.to_user_string() for key in keys)
    return {
        "assets": assets,
        "jobs": jobs,
        "schedules": {
            s.name: {"cron": s.cron_schedule, "status": s.default_status.value}
            for s in sorted(defs.schedules or (), key=lambda s: s.name)
            if isinstance(s, dg.ScheduleDefinition)
        },
        "sensors": {
            s.name: {"every_seconds": s.minimum_interval_seconds, "status": s.default_status.value}
            for s in sorted(defs.sensors or (), key=lambda s: s.name)
        },
    }


@pytest.mark.parametrize("place", SNAPSHOTS)
def test_the_location_is_as_its_snapshot_says(place: str) -> None:
    snapshot = SNAPSHOTS[place]
    text = yaml.safe_dump(described(place), allow_unicode=True, sort_keys=False, width=110)
    if os.environ.get("VITRINA_TEST_UPDATE"):
        snapshot.write_text(text)
    assert yaml.safe_load(snapshot.read_text()) == yaml.safe_load(text), "see the first lines of this module"


def test_no_module_here_imports_dagsters_private_parts() -> None:
    rooms = ("assets", "pipelines", "resources", "sensors")
    found = [path for room in rooms for path in (REPOSITORY / room).rglob("*.py") if "dagster._" in path.read_text()]
    assert found == []
