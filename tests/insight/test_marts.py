"""The marts on a real PostgreSQL: a handful of rows in the platform's tables, and the figures they must give."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.fakes.roles import acting
from vitrina.project.rights import grant_rights
from vitrina.servers.manifest import build_manifest

PROJECT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> None:
    build_manifest(PROJECT, os.environ, tmp_path_factory.mktemp("log") / "dbt.log")


def fill() -> None:
    """Two sources, three drops (one of them unreadable), four products at different stages, three model calls."""
    from vitrina.catalog.models import Drop, Product, Publication, QuarantinedRow, Source
    from vitrina.categories.models import Category, ProductCategory
    from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
    from vitrina.review.models import ReviewItem

    shop, wool = Source.objects.create(slug="shop"), Source.objects.create(slug="wool")

    def drop(source: Source, key: str, **values: Any) -> Drop:
        return Drop.objects.create(
            key=key,
            source=source,
            name=key,
            path=f"drops/{key}",
            digest="0" * 64,
            stamp="s",
            modified_at=NOON,
            **values,
        )

    first = drop(shop, "shop__a", state="parsed", rows=5, accepted=3, quarantined=1, merged=1, parsed_at=NOON)
    second = drop(wool, "wool__b", state="parsed", rows=1, accepted=1, parsed_at=NOON)
    drop(wool, "wool__broken", state="unreadable", message="encrypted")
    QuarantinedRow.objects.create(drop=first, ordinal=1, number=4, reason="no_title", message="", raw="")
    dresses = Category.objects.create(slug="platya", name_ru="Платья", path_ru="Одежда > Платья")

    def product(source: Source, held_by: Drop, number: int, **values: Any) -> Product:
        return Product.objects.create(
            source=source, external_id=str(number), identity="id", title=f"Платье {number}", drop=held_by,
            drop_time=NOON, row_hash=uuid.uuid4(), content_hash=uuid.uuid4(), **values,
        )  # fmt: skip

    def text(of: Product, number: int, body: str, score: float, approved: bool | None, **values: Any) -> ContentVersion:
        version = ContentVersion.objects.create(
            product=of, number=number, origin="offline", title="Платье", body=body, grounding={"score": score},
            input_hash="i", fingerprint="f", text_hash="t", **values,
        )  # fmt: skip
        if approved is not None:
            Verdict.objects.create(version=version, approved=approved, fingerprint="f")
        return version

    published = product(
        shop, first, 1, price=Decimal("990"), currency="RUB", brand="Lale", attributes={"Цвет": "синий"}
    )
    waiting = product(shop, first, 2, attributes={"Цвет": "синий", "Состав": "лён", "Пол": "женский"})
    product(shop, first, 3, price=Decimal(100), currency="RUB")
    other = product(wool, second, 4, price=Decimal(500), currency="RUB")
    for one, confidence in ((published, 0.9), (waiting, 0.6)):
        ProductCategory.objects.create(
            product=one, category=dresses, confidence=confidence, decided_by="classifier", fingerprint="f"
        )
    text(published, 1, "<p>раз два</p>", 0.5, False, templates=["dress"])
    version = text(published, 2, "<p>раз два три</p><ul><li>четыре</li></ul>", 1.0, True, templates=["dress"])
    ProcessingLog.objects.create(product=published, version=version, processing_type="full", status="completed")
    text(waiting, 1, "<p>раз два</p>", 0.5, False, violations=[{"rule": "words"}])
    text(other, 1, "<p>раз</p>", 1.0, None)
    Publication.objects.create(product=published, version=version, fingerprint="f")
    ReviewItem.objects.create(
        kind="text", key="version:1", product=waiting, reasons=[{"rule": "short"}, {"rule": "category_confidence"}]
    )
    ReviewItem.objects.create(kind="list", key="list:wool__b", drop=second, reasons=[{"rule": "cut_list"}])
    attempts()


def attempts() -> None:
    from vitrina.llm.models import LlmAttempt

    def attempt(key: str, number: int, status: str, cost: str | None, when: datetime, **values: Any) -> None:
        LlmAttempt.objects.create(
            key=key, attempt=number, status=status, answered=status == "ok", ended=status == "ok", model="m",
            purpose="description", provider="p", prompt_tokens=100, completion_tokens=50,
            cost_usd=None if cost is None else Decimal(cost), cost_known=cost is not None, created_at=when, **values,
        )  # fmt: skip

    attempt("k1", 1, "server", "0.00000001", NOON, latency_ms=30)
    attempt("k1", 2, "ok", "0.02", NOON, latency_ms=10)
    attempt("k2", 1, "ok", None, NOON, latency_ms=20)
    # a minute before midnight in UTC is the next day in Moscow: days are UTC days
    attempt("k3", 1, "ok", "0.5", NOON.replace(hour=23, minute=59) - timedelta(days=1), latency_ms=5)


def build(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    from pipelines.insight import build_defs

    with acting():
        return build_defs().resolve_job_def("refresh_marts").execute_in_process(instance=instance, raise_on_error=False)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def rows(dsn: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(dsn, row_factory=dict_row) as session:
        return session.execute(query).fetchall()  # type: ignore[call-overload]


def failed_checks(result: dg.ExecuteInProcessResult) -> list[str]:
    return [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]


@pytest.mark.slow
def test_the_marts_say_what_the_tables_hold(database: str, instance: dg.DagsterInstance, manifest: None) -> None:
    """Nothing, then the handful, then a row that got lost: one story, since dbt takes ten seconds each time."""
    grant_rights()  # rights to a database itself, such as making schemas, are not copied with a template
    result = build(instance)
    assert result.success
    assert failed_checks(result) == []
    assert rows(database, "select * from marts.drop_funnel") == []

    fill()
    result = build(instance)
    assert result.success
    assert failed_checks(result) == []
    assert len(result.get_asset_check_evaluations()) > 35
    previews = {
        event.asset_key.path[-1]: event.metadata
        for event in result.asset_materializations_for_node("dbt_marts")
        if event.asset_key.path[0] == "marts"
    }
    assert previews["drop_funnel"]["dagster/row_count"].value == 3
    preview = str(previews["drop_funnel"]["preview"].value).replace("\\", "")  # cells escape markdown
    assert "wool__broken" in preview

    funnel = {row["drop_key"]: row for row in rows(database, "select * from marts.drop_funnel")}
    first = funnel["shop__a"]
    steps = ("rows_read", "accepted", "quarantined", "merged", "products", "categorised", "described", "approved")
    assert [first[step] for step in steps] == [5, 3, 1, 1, 3, 2, 2, 1]
    assert (first["in_review"], first["published"], first["published_share"]) == (1, 1, Decimal("0.3333"))
    assert (funnel["wool__broken"]["state"], funnel["wool__broken"]["message"]) == ("unreadable", "encrypted")
    assert funnel["wool__broken"]["published_share"] is None

    sources = {row["source"]: row for row in rows(database, "select * from marts.source_funnel")}
    assert (sources["wool"]["drops"], sources["wool"]["unreadable_drops"]) == (2, 1)
    assert sources["wool"]["described_share"] == Decimal(1)
    assert sources["shop"]["published"] == 1

    quality = {(r["source"], r["category"]): r for r in rows(database, "select * from marts.catalogue_quality")}
    dresses = quality["shop", "platya"]
    assert (dresses["products"], dresses["attributes_mean"]) == (2, Decimal("2.00"))
    assert (dresses["priced_share"], dresses["branded_share"]) == (Decimal("0.5000"), Decimal("0.5000"))
    assert (dresses["category_confidence_mean"], dresses["category_by_classifier"]) == (Decimal("0.7500"), 2)
    # of the newest texts: four words and two words, scores 1.0 and 0.5
    assert (dresses["words_mean"], dresses["grounding_mean"]) == (Decimal("3.0"), Decimal("0.7500"))
    assert dresses["texts_with_violations"] == 1
    assert quality["shop", "(none)"]["products"] == 1

    costs = {str(row["day"]): row for row in rows(database, "select * from marts.ai_cost")}
    today = costs["2026-05-18"]
    assert (today["requests"], today["attempts"], today["succeeded"], today["repeated"]) == (2, 3, 2, 1)
    assert today["known_cost_usd"] == Decimal("0.02000001")
    assert (today["attempts_of_unknown_cost"], today["latency_ms_p50"]) == (1, 20)
    assert costs["2026-05-17"]["known_cost_usd"] == Decimal("0.5")

    assert rows(database, "select source, reason, quarantined_rows from marts.quarantine_reasons") == [
        {"source": "shop", "reason": "no_title", "quarantined_rows": 1}
    ]
    reasons = rows(database, "select source, kind, rule, open_cases from marts.review_reasons order by rule")
    assert [(r["source"], r["kind"], r["rule"], r["open_cases"]) for r in reasons] == [
        ("shop", "text", "category_confidence", 1),
        ("wool", "list", "cut_list", 1),
        ("shop", "text", "short", 1),
    ]

    [work] = rows(database, "select * from marts.work_by_day where texts > 0")
    assert (work["texts"], work["judged"], work["approved_automatically"], work["sent_to_people"]) == (4, 3, 1, 2)
    [parsed] = rows(database, "select * from marts.work_by_day where day = '2026-05-18'")
    assert (parsed["drops"], parsed["rows_read"], parsed["accepted"], parsed["quarantined"]) == (2, 6, 4, 1)
    sure = rows(database, "select what, step, answers from marts.confidence_by_day order by what, step")
    assert [(r["what"], r["step"], r["answers"]) for r in sure] == [
        ("category", 12, 1), ("category", 18, 1), ("text", 10, 2), ("text", 19, 2),
    ]  # fmt: skip
    [template] = rows(database, "select * from marts.template_success")
    assert (template["name"], template["texts"], template["judged"], template["approved"]) == ("dress", 2, 2, 1)
    [log] = rows(database, "select * from marts.processing_by_day")
    assert (log["status"], log["processings"], log["processings_of_unknown_cost"]) == ("completed", 1, 1)
    told = "select obj_description('marts.work_by_day'::regclass) as told"
    assert str(rows(database, told)[0]["told"]).startswith("refreshed 20")

    from vitrina.catalog.models import Drop

    # another build of the same tables leaves no half-made table behind, and says which row got lost
    Drop.objects.filter(key="shop__a").update(merged=0)
    result = build(instance)
    assert result.success, "the marts are built all the same"
    assert len(rows(database, "select * from marts.drop_funnel")) == 3
    relations = "select table_name from information_schema.tables where table_schema like 'marts%'"
    assert all(not row["table_name"].endswith(("__dbt_tmp", "__dbt_backup")) for row in rows(database, relations))
    evaluations = [e for e in result.get_asset_check_evaluations() if not e.passed]
    found = {(e.asset_key.to_user_string(), e.check_name) for e in evaluations}
    assert found == {("marts_staging/stg_drops", "every_row_of_a_parsed_drop_is_accounted_for")}
