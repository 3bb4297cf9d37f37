"""The catalogue location in a test process: sensor ticks, runs, events, small drops.

Belongs here: what tests of assets, sensors, pipelines and faults all need. Stays out: fixtures (``tests/conftest.py``).
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.fakes.roles import acting
from vitrina.config import get_settings
from vitrina.servers.environment import sqlalchemy_url

REPOSITORY = Path(__file__).resolve().parents[2]
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@cache
def location() -> dg.Definitions:
    """The location as it is loaded everywhere; its resources read the settings when they are used."""
    from pipelines.catalog import build_defs

    return build_defs()


def postgres_instance(folder: Path, url: str) -> dg.DagsterInstance:
    """An instance by the project's own ``deploy/dagster.yaml`` on a PostgreSQL database."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / "deploy" / "dagster.yaml", folder / "dagster.yaml")
    os.environ["DAGSTER_PG_URL"] = sqlalchemy_url(url)
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ["DAGSTER_COMPUTE_LOGS"] = str(folder / "logs")
    return dg.DagsterInstance.from_config(str(folder))


@dataclass
class Ticker:
    """A sensor and its cursor. Calls the sensor's function as the daemon does; what it asks for is returned."""

    name: str
    instance: dg.DagsterInstance
    cursor: str | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)
    run_keys: list[str] = field(default_factory=list)

    def tick(self) -> list[dg.RunRequest]:
        """One tick; run requests whose key was asked for before are left out, as the daemon does."""
        from resources import default_resources

        sensor = location().resolve_sensor_def(self.name)
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={**default_resources(), **self.resources}
        )
        with context, acting():
            answer = sensor(context)
        requests: Sequence[dg.RunRequest] = ()
        if isinstance(answer, dg.SensorResult):
            requests = list(answer.run_requests or ())
            self.cursor = answer.cursor if answer.cursor is not None else context.cursor
        else:
            self.cursor = context.cursor
            if isinstance(answer, dg.RunRequest):
                requests = [answer]
        new = [request for request in requests if request.run_key not in self.run_keys]
        self.run_keys += [str(request.run_key) for request in new]
        return new

    def settle(self) -> list[dg.RunRequest]:
        """Two ticks: a file counts as written when the second one sees it as the first did."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(get_settings(), "drop_settle_seconds", 0.0)
            return self.tick() + self.tick()


def keys_of(request: dg.RunRequest, instance: dg.DagsterInstance) -> list[str]:
    """The partitions of a run request, a range resolved as Dagster does."""
    if request.partition_key is not None:
        return [request.partition_key]
    known = list(instance.get_dynamic_partitions("drops"))
    return known[known.index(request.tags[RANGE[0]]) : known.index(request.tags[RANGE[1]]) + 1]


def run(
    job: str,
    instance: dg.DagsterInstance,
    keys: Sequence[str] = (),
    *,
    tags: Mapping[str, str] | None = None,
    resources: Mapping[str, Any] | None = None,
    run_config: Mapping[str, Any] | None = None,
    select: Sequence[str] | None = None,
    ok: bool = True,
) -> dg.ExecuteInProcessResult:
    """Run a job of the location in this process, over a range of partitions where keys are given."""
    from pipelines.catalog import build_defs

    missing = [key for key in keys if key not in instance.get_dynamic_partitions("drops")]
    if missing:
        instance.add_dynamic_partitions("drops", missing)
    every = dict(tags or {})
    if len(keys) > 1:
        every |= dict(zip(RANGE, (keys[0], keys[-1]), strict=True))
    defs = build_defs(resources=dict(resources)) if resources else location()
    with acting():
        return defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            partition_key=keys[0] if len(keys) == 1 else None,
            tags=every,
            run_config=dict(run_config) if run_config else None,
            asset_selection=[dg.AssetKey(name) for name in select] if select else None,
            raise_on_error=ok,
        )


def execute(request: dg.RunRequest, instance: dg.DagsterInstance, job: str = "intake", **more: Any) -> Any:
    """Run what a sensor asked for."""
    return run(request.job_name or job, instance, keys_of(request, instance), **more)


def place_samples() -> None:
    """The project's samples in the object store of the settings."""
    from vitrina.objects import open_store
    from vitrina.sample_pictures.placing import place_pictures

    samples = REPOSITORY / "samples"
    place_pictures(get_settings(), open_store(get_settings()))
    for name in ("categories.yaml", "templates.yaml"):
        put(f"reference/{name}", (samples / name).read_bytes())
    for path in sorted((samples / "drops").rglob("*")):
        if path.is_file():
            put(path.relative_to(samples).as_posix(), path.read_bytes())


def csv_drop(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A CSV with a header from plain dicts of equal keys."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def goods(count: int, *, price: int = 500, first: int = 1) -> list[dict[str, Any]]:
    """Rows of simple clothing, each with facts enough for a text."""
    return [
        {
            "id": f"A-{number}",
            "title": f"Футболка мужская хлопковая Vega {number}",
            "brand": "Vega",
            "price": price + number,
            "currency": "RUB",
            "category": "Одежда/Мужчинам/Футболки",
            "material": "хлопок",
            "color": "синий",
        }
        for number in range(first, first + count)
    ]


def put(key: str, data: bytes, *, at: datetime | None = None) -> str:
    """Place an object; ``at`` sets its time."""
    from vitrina.objects import open_store

    store = open_store(get_settings())
    store.put(key, data)
    local = store.local_path(key)
    if at is not None and local is not None:
        os.utime(local, (at.timestamp(), at.timestamp()))
    return key


def calls(purpose: str | None = None) -> int:
    """Attempts in the ledger that went to a model."""
    from vitrina.llm.models import LlmAttempt

    rows = LlmAttempt.objects.filter(kind="chat")
    return (rows.filter(purpose=purpose) if purpose else rows).count()


def rows_of_everything() -> dict[str, list[Any]]:
    """Every row of the platform's result tables, without times of the last look: two passes must give the same."""
    from django.apps import apps

    found: dict[str, list[Any]] = {}
    for label in ("catalog.Product", "catalog.Publication", "catalog.QuarantinedRow", "content.ContentVersion",
                  "content.Verdict", "categories.ProductCategory", "review.ReviewItem", "vectors.StoredVector",
                  "llm.LlmAttempt"):  # fmt: skip
        model = apps.get_model(label)
        names = [f.attname for f in model._meta.concrete_fields if f.get_internal_type() != "BinaryField"]
        found[label] = list(model._default_manager.order_by("pk").values_list(*names))
    return found


def event(instance: dg.DagsterInstance, asset: str, *keys: str) -> None:
    """Say that an asset, or partitions of it, were materialised."""
    for key in keys or (None,):
        instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=key))


def utc(*parts: int) -> datetime:
    """A time in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]
