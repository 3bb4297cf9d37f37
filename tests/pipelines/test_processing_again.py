"""Real runs on real tables: what is done again, what is not, and what a model is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from tests.fakes.catalogue import (
    Ticker,
    calls,
    csv_drop,
    execute,
    goods,
    keys_of,
    location,
    put,
    rows_of_everything,
    run,
)

if TYPE_CHECKING:
    from tests.conftest import Processed

BACKFILL = {"dagster/backfill": "abcdefgh"}


def hand_in(processed: Processed, rows: list[dict[str, object]], *, hours_ago: float = 1, name: str = "a.csv") -> str:
    """A drop of the source ``shop``, taken in and processed; returns its key."""
    put(f"drops/shop/{name}", csv_drop(rows), at=datetime.now(UTC) - timedelta(hours=hours_ago))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    process(processed, [key])
    return key


def process(processed: Processed, keys: list[str], **more: object) -> None:
    run("process_drop", processed.instance, keys, **more)  # type: ignore[arg-type]
    run("publish", processed.instance)


def test_the_samples_go_through_the_whole_chain_on_postgresql_storage(processed_template: Processed) -> None:
    instance = processed_template.instance
    assert "Postgres" in type(instance.event_log_storage).__name__
    for run_id in processed_template.runs.values():
        found = instance.get_run_by_id(run_id)
        assert found is not None
        assert found.is_success
    for name in ("parsed_products", "product_vectors", "product_categories", "product_descriptions", "moderation"):
        states = instance.get_status_by_partition(
            dg.AssetKey(name), processed_template.keys, dg.DynamicPartitionsDefinition(name="drops")
        )
        assert states is not None
        assert {state.value for state in states.values() if state} == {"MATERIALIZED"}


def test_every_row_of_the_samples_is_accounted_for_and_most_are_published(processed: Processed) -> None:
    from vitrina.catalog.models import Drop, Product, Publication
    from vitrina.content.models import ContentVersion, Verdict
    from vitrina.review.models import ReviewItem

    for drop in Drop.objects.all():
        assert drop.rows == drop.accepted + drop.quarantined + drop.merged
        assert drop.state == Drop.State.PARSED
    listed = Product.objects.filter(listed=True).count()
    assert ContentVersion.objects.count() == listed
    published = Publication.objects.filter(state="published").count()
    assert published > listed / 2
    doubtful = Verdict.objects.filter(approved=False).count()
    assert published + doubtful == listed
    assert ReviewItem.objects.filter(kind="text", state="open").count() == doubtful


def test_a_second_materialisation_calls_no_model_and_changes_nothing(processed: Processed) -> None:
    before = rows_of_everything()
    process(processed, processed.keys)
    after = rows_of_everything()
    for label in before:
        assert before[label] == after[label], label


def test_a_drop_that_differs_in_one_row_of_a_hundred_costs_that_row(processed: Processed) -> None:
    hand_in(processed, goods(100), hours_ago=3)
    before = calls("product_description")
    rows = goods(100)
    rows[41]["title"] = "Футболка женская льняная Vega 42"
    rows[41]["material"] = "лён"
    hand_in(processed, rows, hours_ago=2, name="b.csv")
    assert calls("product_description") == before + 1


def test_a_new_price_alone_calls_no_model_and_reaches_the_publication(processed: Processed) -> None:
    from vitrina.catalog.models import Publication

    hand_in(processed, goods(5), hours_ago=3)
    before = calls()
    shown = Publication.objects.filter(product__source__slug="shop", state="published")
    assert shown.count() > 0
    hand_in(processed, goods(5, price=550), hours_ago=2, name="b.csv")
    assert calls() == before
    assert {p.price for p in shown} <= {Decimal(550 + n) for n in range(1, 6)}
    assert not shown.filter(price__lt=550).exists()


def test_an_old_drop_run_again_rolls_nothing_back(processed: Processed) -> None:
    from vitrina.catalog.models import Product, Publication

    old = hand_in(processed, goods(5), hours_ago=3)
    hand_in(processed, goods(5, price=550), hours_ago=2, name="b.csv")
    before = rows_of_everything()
    process(processed, [old])
    process(processed, [old], tags=BACKFILL)
    after = rows_of_everything()
    assert Product.objects.get(source__slug="shop", external_id="A-1").price == 551
    assert Publication.objects.filter(price=551).exists()
    for label in ("catalog.Product", "catalog.Publication", "content.ContentVersion", "llm.LlmAttempt"):
        assert before[label] == after[label], label


@pytest.mark.parametrize("what", ["prompt", "model"])
def test_a_new_prompt_or_model_reaches_old_texts_only_in_a_backfill(
    processed: Processed, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.config import get_settings
    from vitrina.content import prompts
    from vitrina.content.models import ContentVersion

    key = hand_in(processed, goods(6))
    mine = ContentVersion.objects.filter(product__source__slug="shop")
    assert mine.count() == 6
    if what == "prompt":
        monkeypatch.setattr(prompts, "PROMPT_VERSION", "another")
    else:
        monkeypatch.setattr(get_settings(), "ai_model", "vitrina-offline-next")
    process(processed, [key])
    assert mine.count() == 6
    process(processed, [key], tags={**BACKFILL, "dagster/from_automation_condition": "true"})
    assert mine.count() == 6, "automation may launch backfills too; a person did not ask"
    process(processed, [key], tags=BACKFILL)
    assert mine.count() == 12
    process(processed, [key], tags=BACKFILL)
    assert mine.count() == 12


def test_a_new_template_reaches_old_texts_only_in_a_backfill(processed: Processed) -> None:
    from vitrina.content.models import ContentVersion, DescriptionTemplate

    key = hand_in(processed, goods(3))
    mine = ContentVersion.objects.filter(product__source__slug="shop")
    used = {name for version in mine.all() for name in version.templates}
    assert used, "the samples have templates for clothing"
    for row in DescriptionTemplate.objects.filter(name__in=used):
        row.content = "<p>Новое первое предложение.</p>" + row.content
        row.save()
    process(processed, [key])
    assert mine.count() == 3
    process(processed, [key], tags={"vitrina/refresh": "true"})
    assert mine.count() == 6


def test_an_unreadable_drop_is_one_red_partition_and_the_others_go_on(processed: Processed) -> None:
    from vitrina.catalog.models import Drop

    before = dg.evaluate_automation_conditions(defs=location(), instance=processed.instance)
    for number in range(3):
        put(f"drops/shop/{number}.csv", csv_drop(goods(2, first=10 * number)))
    put("drops/shop/bad.csv", b"foo;bar\n1;2\n3;4\n")
    requests = Ticker("new_drops", processed.instance).settle()
    keys = [key for request in requests for key in keys_of(request, processed.instance)]
    result = run("intake", processed.instance, keys, ok=False)
    assert not result.success
    states = processed.instance.get_status_by_partition(
        dg.AssetKey("parsed_products"), keys, dg.DynamicPartitionsDefinition(name="drops")
    )
    assert states is not None
    red = [key for key, state in states.items() if state is None or state.value == "FAILED"]
    assert red == [key for key in keys if "bad" in key]
    assert Drop.objects.get(key=red[0]).state == Drop.State.UNREADABLE
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert "bad.csv" in str(failure.step_failure_data.user_failure_data.description)
    asked = dg.evaluate_automation_conditions(defs=location(), instance=processed.instance, cursor=before.cursor)
    assert asked.get_requested_partitions(dg.AssetKey("product_vectors")) == set(keys) - set(red)


def test_the_sensor_finds_nothing_new_in_processed_samples(processed: Processed) -> None:
    assert Ticker("new_drops", processed.instance).settle() == []


def test_chosen_products_are_worked_on_and_published_whatever_drop_they_came_with(processed: Processed) -> None:
    from vitrina.catalog.models import Product, Publication
    from vitrina.content.models import ContentVersion

    put("drops/shop/a.csv", csv_drop(goods(6)))
    [request] = Ticker("new_drops", processed.instance).settle()
    execute(request, processed.instance)
    ids = list(Product.objects.filter(source__slug="shop").order_by("id").values_list("id", flat=True))[:2]
    config = {"ops": {"process_chosen": {"config": {"product_ids": ids}}}}
    run("process_products", processed.instance, run_config=config)
    made = set(ContentVersion.objects.filter(product__source__slug="shop").values_list("product", flat=True))
    assert made == set(ids)
    assert Publication.objects.filter(product__in=ids).exists()
    latest = processed.instance.get_latest_materialization_event(dg.AssetKey("published_products"))
    assert latest is not None
    states = processed.instance.get_materialized_partitions(dg.AssetKey("moderation"))
    assert not states, "the drop's other products have not been looked at"
