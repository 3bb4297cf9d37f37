"""The location ``insight`` without a database: assets, lineage, automation, what it says when it cannot load."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dagster as dg
import pytest

from vitrina.config import Settings
from vitrina.servers.manifest import build_manifest

PROJECT = Path(__file__).resolve().parents[2]
MARTS = {
    "drop_funnel", "source_funnel", "catalogue_quality", "ai_cost", "quarantine_reasons", "review_reasons",
    "work_by_day", "processing_by_day", "confidence_by_day", "template_success",
}  # fmt: skip


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    build_manifest(PROJECT, os.environ, tmp_path_factory.mktemp("log") / "dbt.log")
    from pipelines.insight import build_defs

    return build_defs()


def specs(location: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in location.resolve_all_asset_specs()}


def test_the_location_loads_and_has_its_marts(location: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(location)
    found = {key.removeprefix("marts/") for key in specs(location) if key.startswith("marts/")}
    assert found == MARTS


def test_every_model_has_a_description_an_owner_a_group_and_its_kinds(location: dg.Definitions) -> None:
    for key, spec in specs(location).items():
        if not key.startswith("marts"):
            continue
        assert spec.description
        assert not spec.description.startswith("dbt model"), f"{key} has no description of its own"
        assert list(spec.owners) == ["team:data"]
        assert spec.group_name in {"staging", "marts"}
        assert spec.kinds >= {"dbt", "postgres"}


def test_lineage_runs_from_the_python_assets_to_the_marts(location: dg.Definitions) -> None:
    upstream = {key: {dep.asset_key.to_user_string() for dep in spec.deps} for key, spec in specs(location).items()}

    def above(key: str) -> set[str]:
        return upstream.get(key, set()).union(*(above(dep) for dep in upstream.get(key, set())))

    python = {"parsed_products", "categories", "product_categories", "product_descriptions", "moderation"}
    assert python | {"published_products"} <= above("marts/drop_funnel")
    assert "product_descriptions" in above("marts/ai_cost")


def test_no_check_stands_on_an_asset_of_another_location(location: dg.Definitions) -> None:
    """A backfill of that asset would select the check, and fail since its own location does not supply it."""
    checks = location.get_repository_def().asset_graph.asset_check_keys
    assert checks
    assert {check.asset_key.path[0] for check in checks} <= {"marts", "marts_staging"}


def test_publishing_asks_once_for_all_marts_and_all_checks_together(location: dg.Definitions) -> None:
    @dg.asset
    def published_products() -> None: ...

    @dg.asset
    def parsed_products() -> None: ...

    defs = dg.Definitions.merge(dg.Definitions(assets=[published_products, parsed_products]), location)
    every = {key for key in specs(location) if key.startswith("marts")}
    with dg.DagsterInstance.ephemeral() as instance:

        def requested(cursor: object) -> tuple[set[str], object]:
            result = dg.evaluate_automation_conditions(defs=defs, instance=instance, cursor=cursor)  # type: ignore[arg-type]
            asked = {r.key for r in result.results if not r.true_subset.is_empty}
            return {key.to_user_string() for key in asked if isinstance(key, dg.AssetKey)}, result.cursor

        asked, cursor = requested(None)
        assert asked == set()
        instance.report_runless_asset_event(dg.AssetMaterialization("parsed_products"))
        asked, cursor = requested(cursor)
        assert asked == set(), "a new drop alone is not published yet"
        instance.report_runless_asset_event(dg.AssetMaterialization("published_products"))
        asked, cursor = requested(cursor)
        assert asked == every
        asked, cursor = requested(cursor)
        assert asked == set()


def test_a_missing_manifest_is_said_with_what_to_do(tmp_path: Path) -> None:
    from pipelines.insight import ManifestMissing, build_defs

    with pytest.raises(ManifestMissing, match="make manifest"):
        build_defs(folder=tmp_path)


@pytest.mark.parametrize(
    ("url", "host", "port", "name", "password"),
    [
        ("postgresql://ann:p%40ss@db.example:6543/shop", "db.example", "6543", "shop", "p@ss"),
        ("postgresql://postgres@/vitrina?host=/tmp/vt-1&port=5433", "/tmp/vt-1", "5433", "vitrina", ""),
    ],
)
def test_dbt_is_told_of_the_database_by_its_variables(
    url: str, host: str, port: str, name: str, password: str, location: dg.Definitions
) -> None:
    from pipelines.insight import dbt_environment

    values = dbt_environment(Settings(database_url=url))  # type: ignore[arg-type,call-arg]
    assert values["VITRINA_DBT_HOST"] == host
    assert values["VITRINA_DBT_PORT"] == port
    assert values["VITRINA_DBT_DB"] == name
    assert values["VITRINA_DBT_PASSWORD"] == password


def test_the_variables_of_a_build_do_not_outlive_it(monkeypatch: pytest.MonkeyPatch, location: dg.Definitions) -> None:
    from pipelines import insight

    monkeypatch.setenv("VITRINA_DBT_HOST", "mine")
    monkeypatch.delenv("VITRINA_DBT_PASSWORD", raising=False)
    with insight._environment({"VITRINA_DBT_HOST": "theirs", "VITRINA_DBT_PASSWORD": "secret"}):
        assert os.environ["VITRINA_DBT_PASSWORD"] == "secret"
    assert os.environ["VITRINA_DBT_HOST"] == "mine"
    assert "VITRINA_DBT_PASSWORD" not in os.environ


def test_dbt_asks_nobody_for_its_version(location: dg.Definitions) -> None:
    from importlib.metadata import version

    from pipelines.dbt_cli import InstalledDbt
    from pipelines.insight import DBT_FOLDER

    # A program that does not answer as dbt does
    dbt = InstalledDbt(project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER), dbt_executable=sys.executable)
    assert str(dbt._cli_version) == version("dbt-core")


def test_what_a_run_parsed_is_there_for_the_next_and_a_failed_one_leaves_it(
    tmp_path: Path, location: dg.Definitions
) -> None:
    from pipelines.dbt_cli import PARSED, target_folder

    with target_folder(tmp_path) as first:
        assert not (first / PARSED).exists()
        (first / PARSED).write_bytes(b"parsed")

    def killed() -> None:
        with target_folder(tmp_path) as second:
            assert (second / PARSED).read_bytes() == b"parsed"
            (second / PARSED).write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    with target_folder(tmp_path) as third:
        assert (third / PARSED).read_bytes() == b"parsed"
    assert not third.exists()
    assert [path.name for path in (tmp_path / "dbt").iterdir()] == [PARSED]
