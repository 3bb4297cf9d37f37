"""Checks of ``parsed_products``, over the platform's tables: every row accounted for, ids, shares, gates."""

from collections.abc import Iterator

import dagster as dg

from assets.plots import table
from resources.warehouse import Warehouse
from vitrina.config import Settings

#: By key: the asset gives the same results after each of its runs.
PARSED = dg.AssetKey("parsed_products")


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            "rows_are_accounted_for",
            asset=PARSED,
            description="Rows = accepted + quarantined + merged, for every drop.",
        ),
        dg.AssetCheckSpec("quarantine_share", asset=PARSED, description="No drop loses a large share of its rows."),
        dg.AssetCheckSpec("ids_are_unique", asset=PARSED, description="One product for each source and external id."),
        dg.AssetCheckSpec(
            "products_are_whole",
            asset=PARSED,
            description="Titles are not blank, prices and currencies sound.",
        ),
        dg.AssetCheckSpec("gates_are_open", asset=PARSED, description="No drop is held back by the list gate."),
    ],
)
def intake_checks(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """What must hold of the catalogue after any intake."""
    yield from intake_results(warehouse.settings)


def intake_results(settings: Settings) -> Iterator[dg.AssetCheckResult]:
    """The checks' results now, one for each spec."""
    from django.db.models import Count, F, Q

    from vitrina.catalog.models import Drop, Product

    parsed = Drop.objects.filter(state=Drop.State.PARSED)
    wrong = list(parsed.exclude(rows=F("accepted") + F("quarantined") + F("merged")).values_list("key", flat=True)[:20])
    yield dg.AssetCheckResult(
        check_name="rows_are_accounted_for",
        passed=not wrong,
        metadata={"drops": parsed.count(), "wrong": wrong},
    )
    limit = settings.quarantine_warn_share
    lossy = [
        (key, quarantined, rows)
        for key, quarantined, rows in parsed.filter(quarantined__gt=0).values_list("key", "quarantined", "rows")
        if rows and quarantined / rows > limit
    ]
    yield dg.AssetCheckResult(
        check_name="quarantine_share",
        passed=not lossy,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "drops_above_the_limit": len(lossy),
            "limit": f"{limit:.0%} of the rows",
            "drops": table(["drop", "quarantined", "rows"], lossy[:50]),
        },
    )
    repeated = list(Product.objects.values("source__slug", "external_id").annotate(n=Count("id")).filter(n__gt=1)[:20])
    yield dg.AssetCheckResult(check_name="ids_are_unique", passed=not repeated, metadata={"repeated": repeated})
    blank = Product.objects.filter(Q(title__regex=r"^\s*$") | Q(price__lte=0) | Q(price__isnull=False, currency=None))
    yield dg.AssetCheckResult(
        check_name="products_are_whole", passed=not blank.exists(), metadata={"wrong": blank.count()}
    )
    held = list(parsed.filter(gate=Drop.Gate.HELD).values_list("key", "gate_reasons"))
    yield dg.AssetCheckResult(
        check_name="gates_are_open",
        passed=not held,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "held": table(["drop", "why"], [(key, "; ".join(r["message"] for r in why)) for key, why in held[:50]])
        },
    )
