"""Code location ``insight``: dbt marts over what the platform has done.

Belongs here: the dbt project as assets, when they run, how dbt finds the database. Stays out: SQL (``dbt_like_sql``),
building the manifest (``vitrina.servers.manifest``, a step of the set-up: parsing in a code location would be repeated
by every run and step process).
"""

# No postponed annotations here: Dagster reads those of the nested asset function as they stand.
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

from assets.plots import table
from assets.policies import Owner
from pipelines.dbt_cli import InstalledDbt, dbt_executable, target_folder
from resources.warehouse import Warehouse
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.project.database import database_url, split_url
from vitrina.servers.manifest import MADE_FOLDER, manifest_file

DBT_FOLDER = Path(__file__).resolve().parent.parent / "dbt_like_sql"
#: First part of the keys of models: the schemas that dbt owns.
SCHEMAS = ("marts", "marts_staging")
PREVIEW_ROWS = 20
#: dbt's exit code when it ran to its end and something in it failed.
TESTS_FAILED = 1
PUBLISHED = dg.AssetKey("published_products")


class ManifestMissing(PermanentError):
    """The dbt project has not been parsed yet, so its assets are not known."""


def manifest_path(folder: Path = DBT_FOLDER) -> Path:
    """The manifest that the set-up built.

    Raises:
        ManifestMissing: It has not.
    """
    path = manifest_file(folder.parent)
    if not path.is_file():
        raise ManifestMissing(
            f"{path} is missing: the dbt project has not been parsed yet.", hint="Run `make manifest` (or `make up`)."
        )
    return path


def after_publishing() -> dg.AutomationCondition:
    """All marts together, once the catalogue was published anew and no pass over it is under way.

    Not ``eager``: it waits while any upstream partition is missing, and one unreadable drop would stop the marts for
    ever. Not each asset after its own inputs: the marts of one pass belong together and share one dbt run.
    """
    published: dg.AutomationCondition = dg.AutomationCondition.asset_matches(
        PUBLISHED, dg.AutomationCondition.newly_updated()
    )
    publishing: dg.AutomationCondition = dg.AutomationCondition.asset_matches(
        PUBLISHED, dg.AutomationCondition.in_progress()
    )
    return (published.since_last_handled() & ~publishing & ~dg.AutomationCondition.in_progress()).with_label(
        "after_publishing"
    )


class MartsTranslator(DagsterDbtTranslator):
    """What a model looks like in Dagster. Sources name their Python asset in ``meta.dagster.asset_key``."""

    def __init__(self) -> None:
        super().__init__(
            DagsterDbtTranslatorSettings(
                # a check of an asset of another location is selected by that asset's backfills, and fails them
                enable_source_tests_as_checks=False,
                # several tables are written by one asset: drops, products and quarantine by parsed_products
                enable_duplicate_source_asset_keys=True,
            )
        )

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Staging and marts stand apart in the lineage."""
        return "marts" if dbt_resource_props["fqn"][1:2] == ["marts"] else "staging"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """All of them belong to the data team."""
        return [Owner.DATA]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002
        """As the catalogue's assets are tagged."""
        return {"domain": "insight"}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """Checks block nothing: the marts stand already when they are asked. Only models have any."""
        if asset_spec.key.path[0] not in SCHEMAS:
            return None
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return None if spec is None else spec._replace(blocking=False)

    def get_automation_condition(self, dbt_resource_props: Mapping[str, Any]) -> dg.AutomationCondition:  # noqa: ARG002
        """One condition for all: see :func:`after_publishing`."""
        return after_publishing()


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The platform's database as ``profiles.yml`` asks for it; the host may be a socket folder.

    Raises:
        DatabaseUnavailable: The embedded server has never been started here.
    """
    database = split_url(database_url(settings))
    return {
        "VITRINA_DBT_HOST": database["HOST"] or "localhost",
        "VITRINA_DBT_PORT": database["PORT"] or "5432",
        "VITRINA_DBT_USER": database["USER"] or "postgres",
        "VITRINA_DBT_PASSWORD": database["PASSWORD"],
        "VITRINA_DBT_DB": database["NAME"],
        "VITRINA_DBT_ROLE": settings.database_role,
        "VITRINA_DBT_SSLMODE": database["OPTIONS"].get("sslmode", "prefer"),
        # What the set-up parsed is found there, until a run has left its own.
        "DBT_TARGET_PATH": str((DBT_FOLDER.parent / MADE_FOLDER).absolute()),
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while: dbt's child and its adapter in this process read nothing else."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _with_preview(event: Any) -> Any:
    """A mart's output with its number of rows and the first of them; every other event as it is."""
    unique_id = getattr(event, "metadata", {}).get("unique_id") if isinstance(event, dg.Output) else None
    name = unique_id.value.rsplit(".", 1)[-1] if unique_id is not None else ""
    if not name or name.startswith("stg_"):
        return event
    from django.db import connection
    from psycopg import sql

    mart = sql.Identifier(SCHEMAS[0], name)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(mart))
        (count,) = cursor.fetchone()
        cursor.execute(sql.SQL("SELECT * FROM {} ORDER BY 1, 2 LIMIT {}").format(mart, PREVIEW_ROWS))
        preview = table([column.name for column in cursor.description], cursor.fetchall())
    return event.with_metadata({**event.metadata, "dagster/row_count": count, "preview": preview})


def _marts(folder: Path) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest_path(folder),
        dagster_dbt_translator=MartsTranslator(),
        name="dbt_marts",
        op_tags={"kind": "dbt"},
        retry_policy=dg.RetryPolicy(max_retries=1, delay=5),
    )
    def dbt_marts(context: dg.AssetExecutionContext, dbt: DbtCliResource, dbt_warehouse: Warehouse) -> Iterator[Any]:
        """Builds staging views and marts, and runs their tests."""
        settings = dbt_warehouse.settings
        with target_folder(settings.vitrina_home) as target, _environment(dbt_environment(settings)):
            # Not `dbt build`: there a failed test of a table skips every model below it, and one bad row of one
            # drop would keep the marts of all others out of date. Failed tests are failed checks, seen in the UI.
            run = dbt.cli(["run"], context=context, target_path=target)
            yield from map(_with_preview, run.stream())
            tests = dbt.cli(["test"], context=context, target_path=target, raise_on_error=False)
            yield from tests.stream()
            if tests.process.returncode not in (0, TESTS_FAILED):
                raise dg.Failure(f"dbt could not run the tests: it ended with code {tests.process.returncode}.")

    return dbt_marts


def build_defs(*, resources: Mapping[str, Any] | None = None, folder: Path = DBT_FOLDER) -> dg.Definitions:
    """The location's definitions.

    Args:
        resources: Replaces any of ``dbt`` and ``dbt_warehouse`` (a key of its own: merging locations wants keys apart).
        folder: The dbt project; its manifest must stand.

    Raises:
        ManifestMissing: ``make manifest`` has not been run.
    """
    marts = _marts(folder)
    selection = dg.AssetSelection.groups("staging", "marts") | dg.AssetSelection.checks(*marts.check_keys)
    return dg.Definitions(
        assets=[marts],
        jobs=[dg.define_asset_job("refresh_marts", selection=selection, description="Build all marts and test them.")],
        sensors=[
            dg.AutomationConditionSensorDefinition(
                "insight_automation",
                target=selection,
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=5,
                description="Builds the marts after each publication.",
            )
        ],
        resources={
            "dbt": InstalledDbt(
                project_dir=os.fspath(folder), profiles_dir=os.fspath(folder), dbt_executable=dbt_executable()
            ),
            "dbt_warehouse": Warehouse(),
            **(resources or {}),
        },
    )


defs = build_defs()
