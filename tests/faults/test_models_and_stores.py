"""What a run does when the model, the object store or the database fails it. Real HTTP, real tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import pytest
from dagster._core.execution.plan.active import ActiveExecution

from assets.answers import unanswered
from tests.fakes.catalogue import Ticker, calls, csv_drop, goods, keys_of, put, run
from tests.fakes.llm_server import RunningServer, running_server
from tests.faults.answers import answer
from vitrina.config import get_settings
from vitrina.llm.config import RetryPolicy

if TYPE_CHECKING:
    from tests.conftest import Processed

MODEL = "gpt-4o-mini"


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server(content=answer()) as running:
        yield running


@pytest.fixture
def shop(processed: Processed, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A drop of 20 goods, read and categorised by the classifier, whose texts the fake server writes; its key."""
    put("drops/shop/a.csv", csv_drop(goods(20)))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    run("intake", processed.instance, [key])
    run("process_drop", processed.instance, [key], select=["product_categories"])
    point_at(server.base_url, monkeypatch)
    return key


def point_at(address: str, monkeypatch: pytest.MonkeyPatch, **more: object) -> None:
    settings = get_settings()
    for name, value in {"openai_base_url": address, "ai_model": MODEL, **more}.items():
        monkeypatch.setattr(settings, name, value)


def describe(processed: Processed, key: str, **more: object) -> dg.ExecuteInProcessResult:
    return run("process_drop", processed.instance, [key], select=["product_descriptions"], ok=False, **more)  # type: ignore[arg-type]


def words_of_failure(result: dg.ExecuteInProcessResult) -> str:
    event = next(e for e in result.all_events if e.is_step_failure)
    data = event.step_failure_data
    described = data.user_failure_data.description if data.user_failure_data else ""
    return f"{described} {data.error_display_string}"


def tried_again(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.event_type_value == "STEP_UP_FOR_RETRY" for event in result.all_events)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the gateway nor the step, which would take 14 s, waits between its attempts."""
    monkeypatch.setattr("vitrina.llm.wiring.RetryPolicy", lambda **_: RetryPolicy(base_delay_s=0.01, max_delay_s=0.02))
    marked = ActiveExecution.mark_up_for_retry
    # A run in the test's own process knows no setting for it
    monkeypatch.setattr(ActiveExecution, "mark_up_for_retry", lambda self, step, _moment: marked(self, step, 0.0))


def test_a_refused_key_is_a_clear_failure_that_is_not_tried_again(
    processed: Processed, shop: str, server: RunningServer
) -> None:
    server.reset(status=401, error="bad key")
    result = describe(processed, shop)
    assert not result.success
    assert "vitrina doctor" in words_of_failure(result)
    assert tried_again(result) == 0
    assert server.stats()["requests"] <= get_settings().ai_concurrency


def test_with_the_key_mended_the_same_partition_completes(
    processed: Processed, shop: str, server: RunningServer
) -> None:
    from vitrina.content.models import ContentVersion

    server.reset(status=401, error="bad key")
    assert not describe(processed, shop).success
    server.reset(content=answer())
    assert describe(processed, shop).success
    assert ContentVersion.objects.filter(product__source__slug="shop").count() == 20


def test_an_endpoint_that_is_down_fails_with_its_address_and_later_completes(
    processed: Processed, shop: str, server: RunningServer, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    from vitrina.content.models import ContentVersion

    point_at("http://127.0.0.1:1/v1", monkeypatch)
    result = describe(processed, shop)
    assert not result.success
    assert tried_again(result) == 3
    assert "127.0.0.1:1" in words_of_failure(result)
    assert "vitrina doctor" in words_of_failure(result)
    point_at(server.base_url, monkeypatch)
    assert describe(processed, shop).success
    assert ContentVersion.objects.filter(product__source__slug="shop").count() == 20


@pytest.mark.parametrize(
    ("failed", "retry", "outcome"),
    [
        ({"transport": 5}, 0, "again"),
        ({"server": 1}, 2, "again"),
        ({"rate_limit": 1}, 3, "left 1"),
        ({"transport": 5}, 3, "fails"),
        ({"permanent": 5}, 0, "fails"),
        ({"budget": 5}, 0, "fails"),
        ({"budget": 4}, 0, "left 4"),
        ({"stopped": 5}, 0, "fails"),
        ({"stopped": 4}, 0, "left 4"),
        ({"pending": 5}, 0, "left 5"),
        ({"not_in_ledger": 5}, 0, "left 5"),
        ({"invalid": 5, "refusal": 0}, 0, "left 0"),
        ({}, 0, "left 0"),
    ],
)
def test_when_missing_answers_fail_a_step(failed: dict[str, int], retry: int, outcome: str) -> None:
    from types import SimpleNamespace

    context: Any = SimpleNamespace(retry_number=retry)
    try:
        found = f"left {unanswered(context, 'texts', asked=5, failed=failed, why={})}"
    except dg.Failure as failure:
        found = "again" if failure.allow_retries and retry < 3 else "fails"
    assert found == outcome


def test_an_exhausted_budget_leaves_a_part_that_a_later_run_completes(
    processed: Processed, shop: str, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.catalog.selection import without_description
    from vitrina.content.models import ContentVersion
    from vitrina.llm.models import LlmAttempt

    mine = ContentVersion.objects.filter(product__source__slug="shop")
    server.reset(content=answer(), usage=False)  # then tokens are counted from the texts
    one = Decimal("0.005")
    monkeypatch.setattr(get_settings(), "ai_run_budget_usd", one)
    monkeypatch.setattr(get_settings(), "ai_concurrency", 1)
    result = describe(processed, shop)
    assert result.success
    done = mine.count()
    assert 0 < done < 20
    assert sum(row.cost_usd or 0 for row in LlmAttempt.objects.filter(run_id=result.run_id)) <= one
    metadata = result.asset_materializations_for_node("product_descriptions")[0].metadata
    assert metadata["left_for_later"].value == 20 - done
    assert len(without_description()) == 20 - done, "the schedule of missing texts finds them"
    monkeypatch.setattr(get_settings(), "ai_run_budget_usd", None)
    assert describe(processed, shop).success
    assert mine.count() == 20
    assert calls("product_description") == LlmAttempt.objects.filter(purpose="product_description").count()
    # What the endpoint can do was asked once more, without an item.
    texts = LlmAttempt.objects.filter(endpoint__contains="127.0.0.1", status="ok").exclude(item_id="")
    paid = texts.values_list("item_id", flat=True)
    assert len(paid) == len(set(paid)) == 20


def test_a_model_that_is_shaky_costs_retries_and_no_text(
    processed: Processed, shop: str, server: RunningServer, impatient: None
) -> None:
    from vitrina.content.models import ContentVersion

    server.reset(content=answer(), rate_429=0.2, rate_500=0.2, seed=3)
    result = describe(processed, shop)
    assert result.success
    assert ContentVersion.objects.filter(product__source__slug="shop").count() == 20


def test_categories_asked_in_vain_are_asked_again_later(
    processed: Processed, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.categories.models import ProductCategory

    put("drops/shop/odd.csv", csv_drop([{"id": "1", "title": "Зырк бамбарбия модель 7", "price": 700}]))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    run("intake", processed.instance, [key])
    point_at(server.base_url, monkeypatch)
    server.reset(status=401, error="bad key")
    result = run("process_drop", processed.instance, [key], select=["product_categories"], ok=False)
    assert not result.success
    assert "category questions" in words_of_failure(result)
    server.reset()
    run("process_drop", processed.instance, [key], select=["product_categories"], ok=False)
    assert server.stats()["requests"] > 0, "the question is still open"
    assert ProductCategory.objects.filter(product__source__slug="shop").exists()


def test_a_file_that_went_away_is_a_red_partition_that_says_so(processed: Processed) -> None:
    from vitrina.catalog.models import Drop
    from vitrina.objects import open_store

    put("drops/shop/a.csv", csv_drop(goods(3)))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    open_store(get_settings()).delete("drops/shop/a.csv")
    result = run("intake", processed.instance, [key], ok=False)
    assert not result.success
    assert "drops/shop/a.csv is no longer in the drops area" in words_of_failure(result)
    assert tried_again(result) == 0
    put("drops/shop/a.csv", csv_drop(goods(3)))
    assert run("intake", processed.instance, [key]).success
    assert Drop.objects.get(key=key).state == Drop.State.PARSED


def test_a_database_that_hiccups_costs_one_try(
    processed: Processed, database_of: str, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    """The server ends the run's connection in the middle of a step; the step is tried again in the same process."""
    from vitrina.content import verdicts

    original, broken = verdicts.newest_versions, []

    def once(ids: object) -> object:
        if not broken:
            from django.db import connection

            broken.append(connection.connection.info.backend_pid)
            with psycopg.connect(database_of, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", broken)
        return original(ids)  # type: ignore[arg-type]

    monkeypatch.setattr(verdicts, "newest_versions", once)
    result = run("process_drop", processed.instance, processed.keys[:1], select=["moderation"], ok=False)
    assert result.success
    assert tried_again(result) == 1


@pytest.fixture
def database_of(processed: Processed) -> str:
    import os

    return os.environ["DATABASE_URL"]


def test_what_was_left_behind_is_asked_for_again_by_the_clock(processed: Processed) -> None:
    from datetime import UTC, datetime

    from pipelines import left_behind
    from vitrina.catalog.models import Drop

    instance = processed.instance
    put("drops/shop/a.csv", csv_drop(goods(2)))
    put("drops/shop/bad.csv", b"foo;bar\n1;2\n3;4\n")
    Ticker("new_drops", instance).settle()
    good, bad = Drop.objects.filter(source__slug="shop").order_by("name").values_list("key", flat=True)
    later = datetime.now(UTC) + timedelta(minutes=30)
    Drop.objects.exclude(source__slug="shop").update(seen_at=later - timedelta(days=30))
    assert isinstance(left_behind.requests_for(instance, left_behind.FREE, datetime.now(UTC)), dg.SkipReason)
    asked = left_behind.requests_for(instance, left_behind.FREE, later)
    assert isinstance(asked, list)
    assert {request.partition_key for request in asked} == {good, bad}
    run("intake", instance, [good, bad], ok=False)
    asked = left_behind.requests_for(instance, left_behind.FREE, later)
    assert isinstance(asked, list)
    wanted = [dg.AssetKey("product_images"), dg.AssetKey("product_vectors")]
    assert [(r.partition_key, r.asset_selection) for r in asked] == [(good, wanted)]
    [models] = left_behind.requests_for(instance, left_behind.WITH_A_MODEL, later)  # type: ignore[misc]
    assert models.asset_selection == [dg.AssetKey("product_categories")]
    for _ in range(left_behind.TRIES):
        failed = dg.DagsterRun(job_name="process_drop", tags=dict(models.tags), status=dg.DagsterRunStatus.FAILURE)
        instance.add_run(failed)
    assert isinstance(left_behind.requests_for(instance, left_behind.WITH_A_MODEL, later), dg.SkipReason)
