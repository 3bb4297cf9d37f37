"""Checks of the way back from the desk: no decision is lost, and none waits for long.

Belongs here: the two checks that every asset has which acts on decisions. Stays out: the outbox
(``vitrina.review.outbox``) and what an asset does with a decision.
"""

from collections.abc import Iterator

import dagster as dg

from resources.warehouse import Warehouse

#: From this age on, a decision that nothing acted on is worth a look.
WARN_AFTER_SECONDS = 3600.0


def decision_checks(asset: dg.AssetsDefinition, *consumers: str) -> dg.AssetChecksDefinition:
    """Two checks of the asset that acts for consumers of the outbox; what they tell is of all of them together.

    They run with the asset, and by a job of their own: decisions wait for long just when nothing runs.
    """

    @dg.multi_asset_check(
        name=f"{consumers[0]}_decisions",
        specs=[
            dg.AssetCheckSpec(
                "no_decision_waits_long",
                asset=asset,
                description="No decision waits for more than an hour to be acted on.",
            ),
            dg.AssetCheckSpec(
                "every_decision_arrives",
                asset=asset,
                description="Decisions = acted on + waiting + void: none was lost on its way.",
            ),
        ],
    )
    def checks(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
        from vitrina.review.outbox import reconcile

        found = [reconcile(consumer) for consumer in consumers]
        age = max(one.oldest_pending_seconds or 0.0 for one in found)
        counts = {
            "decisions": sum(one.decisions for one in found),
            "acted_on": sum(one.consumed for one in found),
            "waiting": sum(one.pending for one in found),
            "void": sum(one.void for one in found),
        }
        yield dg.AssetCheckResult(
            check_name="no_decision_waits_long",
            asset_key=asset.key,
            passed=age <= WARN_AFTER_SECONDS,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"oldest_minutes": round(age / 60, 1), "waiting": counts["waiting"]},
        )
        yield dg.AssetCheckResult(
            check_name="every_decision_arrives",
            asset_key=asset.key,
            passed=all(one.balanced for one in found),
            metadata={**counts, "without_a_row": sum(one.missing for one in found)},
        )

    return checks
