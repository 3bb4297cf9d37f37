"""What follows what by itself: the location's conditions, evaluated on an ephemeral instance."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
import pytest

from tests.fakes.catalogue import event, location

CHAIN = ["product_vectors", "product_categories", "product_descriptions", "moderation"]
REFERENCE = ["categories", "category_vectors", "category_model", "templates", "template_vectors"]


class Automation:
    """The automation sensor's ticks, one after the other."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.cursor: object = None

    def tick(self) -> dict[str, set[str | None]]:
        """Asset → partitions that are requested now (``None`` for an unpartitioned asset)."""
        result = dg.evaluate_automation_conditions(defs=location(), instance=self.instance, cursor=self.cursor)  # type: ignore[arg-type]
        self.cursor = result.cursor
        found: dict[str, set[str | None]] = {}
        for name in (*CHAIN, *REFERENCE, "parsed_products", "published_products", "storefront_export"):
            key = dg.AssetKey(name)
            if name in {*CHAIN, "parsed_products"}:
                wanted: set[str | None] = set(result.get_requested_partitions(key))
            else:
                wanted = {None} if result.get_num_requested(key) else set()
            if wanted:
                found[name] = wanted
        return found

    def made(self, *names: str, keys: Iterable[str] = ()) -> None:
        for name in names:
            event(self.instance, name, *keys)


@pytest.fixture
def automation(instance: dg.DagsterInstance) -> Automation:
    found = Automation(instance)
    found.tick()
    return found


@pytest.fixture
def ready(automation: Automation) -> Automation:
    automation.made(*REFERENCE)
    assert automation.tick() == {}, "reference data alone asks for nothing"
    return automation


def drops(automation: Automation, *keys: str) -> None:
    automation.instance.add_dynamic_partitions("drops", list(keys))


def test_a_new_drop_brings_its_whole_chain_in_one_go(ready: Automation) -> None:
    drops(ready, "a", "b")
    assert ready.tick() == {}, "not before it is read"
    ready.made("parsed_products", keys=["a", "b"])
    asked = ready.tick()
    assert {name: asked.get(name) for name in CHAIN} == {name: {"a", "b"} for name in CHAIN}


def test_nothing_is_asked_for_twice(ready: Automation) -> None:
    drops(ready, "a")
    ready.made("parsed_products", keys=["a"])
    ready.tick()
    assert ready.tick() == {}
    ready.made(*CHAIN, keys=["a"])
    assert set(ready.tick()) == {"published_products"}
    assert ready.tick() == {}
    ready.made("published_products")
    assert set(ready.tick()) == {"storefront_export"}
    assert ready.tick() == {}
    ready.made("storefront_export")
    assert ready.tick() == {}
    assert ready.tick() == {}


@pytest.mark.parametrize("name", REFERENCE)
def test_renewed_reference_data_reach_no_old_drop(ready: Automation, name: str) -> None:
    drops(ready, "a")
    ready.made("parsed_products", keys=["a"])
    ready.tick()
    ready.made(*CHAIN, keys=["a"])
    ready.made("published_products", "storefront_export")
    ready.tick()
    ready.made(name)
    assert ready.tick() == {}
    assert ready.tick() == {}


@pytest.mark.parametrize(
    ("missing", "held"),
    [
        ("category_model", {"product_categories", "product_descriptions", "moderation"}),
        ("category_vectors", {"product_categories", "product_descriptions", "moderation"}),
        ("templates", {"product_descriptions", "moderation"}),
        ("template_vectors", {"product_descriptions", "moderation"}),
    ],
)
def test_drops_wait_for_missing_reference_data_and_then_go_on(
    automation: Automation, missing: str, held: set[str]
) -> None:
    automation.made(*(name for name in REFERENCE if name != missing))
    drops(automation, "a", "b")
    automation.made("parsed_products", keys=["a", "b"])
    first = automation.tick()
    assert held.isdisjoint(first)
    assert set(CHAIN) - held <= set(first)
    automation.made(*(name for name in CHAIN if name not in held), keys=["a", "b"])
    assert held.isdisjoint(automation.tick())
    automation.made(missing)
    asked = automation.tick()
    assert {name: asked.get(name) for name in held} == {name: {"a", "b"} for name in held}


def test_publishing_follows_moderation_although_one_drop_cannot_be_read(ready: Automation) -> None:
    drops(ready, "good", "bad")
    ready.made("parsed_products", keys=["good"])
    asked = ready.tick()
    assert asked["moderation"] == {"good"}
    ready.made("published_products", "storefront_export")
    ready.tick()
    ready.made(*CHAIN, keys=["good"])
    assert set(ready.tick()) == {"published_products"}


def test_prices_are_published_without_waiting_for_texts_once_there_are_verdicts(ready: Automation) -> None:
    drops(ready, "a", "b")
    ready.made("parsed_products", keys=["a"])
    assert "published_products" not in ready.tick(), "there is nothing to publish yet"
    ready.made(*CHAIN, keys=["a"])
    assert "published_products" in ready.tick()
    ready.made("published_products")
    ready.tick()
    ready.made("parsed_products", keys=["b"])
    assert "published_products" in ready.tick()


def test_publishing_waits_while_drops_are_in_progress(ready: Automation) -> None:
    instance = ready.instance
    drops(ready, "a", "b")
    ready.made("parsed_products", keys=["a", "b"])
    ready.tick()
    ready.made("published_products", "storefront_export")
    ready.tick()
    run = in_progress(instance, "moderation", "b")
    ready.made("moderation", keys=["a"])
    assert ready.tick() == {}
    ready.made("moderation", keys=["b"])
    instance.report_run_failed(run)
    assert "published_products" in ready.tick()


def test_publishing_does_not_wait_for_pictures_and_follows_them(ready: Automation) -> None:
    instance = ready.instance
    drops(ready, "a")
    ready.made("parsed_products", keys=["a"])
    ready.tick()
    run = in_progress(instance, "product_images", "a")
    ready.made(*CHAIN, keys=["a"])
    assert "published_products" in ready.tick(), "pictures are under way"
    ready.made("published_products", "storefront_export")
    ready.tick()
    ready.made("product_images", keys=["a"])
    instance.report_run_failed(run)
    assert "published_products" in ready.tick(), "what came later is shown"


def test_pictures_are_asked_for_with_the_drop_and_by_a_sensor_of_their_own(ready: Automation) -> None:
    drops(ready, "a")
    ready.made("parsed_products", keys=["a"])
    result = dg.evaluate_automation_conditions(defs=location(), instance=ready.instance, cursor=ready.cursor)  # type: ignore[arg-type]
    assert result.get_requested_partitions(dg.AssetKey("product_images")) == {"a"}
    targets = {
        sensor.name: {
            key.to_user_string() for key in sensor.asset_selection.resolve(location().get_repository_def().asset_graph)
        }
        for sensor in location().sensors or ()
        if isinstance(sensor, dg.AutomationConditionSensorDefinition)
    }
    assert "product_images" in targets["picture_automation"]
    assert targets["picture_automation"].isdisjoint(targets["automation"])


def test_moderation_waits_while_texts_are_being_written(ready: Automation) -> None:
    drops(ready, "a")
    ready.made("parsed_products", keys=["a"])
    ready.tick()
    ready.made(*CHAIN, keys=["a"])
    ready.tick()
    run = in_progress(ready.instance, "product_descriptions", "a")
    ready.made("product_categories", keys=["a"])
    assert "moderation" not in ready.tick()
    ready.instance.report_run_failed(run)


def in_progress(instance: dg.DagsterInstance, name: str, key: str) -> dg.DagsterRun:
    """A run that has planned and begun a partition."""
    job = location().resolve_job_def("process_drop").get_subset(asset_selection={dg.AssetKey(name)})
    run = instance.create_run_for_job(
        job, tags={"dagster/partition": key}, asset_selection=frozenset({dg.AssetKey(name)})
    )
    instance.report_dagster_event(dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name), run.run_id)
    return run
