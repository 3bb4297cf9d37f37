"""What is made of the whole catalogue waits for the first verdict, and for nothing more."""

from __future__ import annotations

import dagster as dg

from assets.policies import follow_catalogue

DROPS = dg.DynamicPartitionsDefinition(name="drops")


@dg.asset(partitions_def=DROPS)
def parsed() -> None: ...


@dg.asset(partitions_def=DROPS, deps=[parsed])
def judged() -> None: ...


@dg.asset(deps=[parsed, judged], automation_condition=follow_catalogue(not_before="judged"))
def published() -> None: ...


DEFS = dg.Definitions(assets=[parsed, judged, published])


def made(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, partition: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(asset.key, partition=partition))


def test_nothing_is_published_before_a_verdict_and_an_unjudged_drop_holds_nobody_back() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("drops", ["good", "unreadable"])
        first = dg.evaluate_automation_conditions(DEFS, instance)
        made(instance, parsed, "good")
        early = dg.evaluate_automation_conditions(DEFS, instance, cursor=first.cursor)
        assert early.total_requested == 0

        made(instance, judged, "good")
        then = dg.evaluate_automation_conditions(DEFS, instance, cursor=early.cursor)
        assert then.total_requested == 1

        instance.report_runless_asset_event(dg.AssetMaterialization(published.key))
        settled = dg.evaluate_automation_conditions(DEFS, instance, cursor=then.cursor)
        assert settled.total_requested == 0
        # from now on new prices are published without waiting for verdicts
        made(instance, parsed, "good")
        later = dg.evaluate_automation_conditions(DEFS, instance, cursor=settled.cursor)
        assert later.total_requested == 1
