"""``parser_drops`` and ``parsed_products``: what parsers left, and the products in it."""

from typing import TYPE_CHECKING

import dagster as dg

from assets.catalog.columns import PRODUCT, table_schema
from assets.catalog.intake_checks import intake_results
from assets.catalog.partitions import DROPS
from assets.plots import histogram, preview, table
from assets.policies import ONE_RUN, RETRY, Owner
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse
from vitrina.errors import PermanentError

if TYPE_CHECKING:
    from vitrina.catalog.intake import IntakeResult

parser_drops = dg.AssetSpec(
    "parser_drops",
    description="Files and folders that parsers left below `drops/<source>/`. The `new_drops` sensor notices them.",
    group_name="intake",
    kinds={"file"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
)

#: A run over more drops than this shows counts for each of them, and neither samples nor plots.
_SHOWN = 20


@dg.asset(
    deps=[parser_drops],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    group_name="intake",
    kinds={"python", "postgres"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    code_version="1",
)
def parsed_products(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Products of each drop in the catalogue table, newer data first; rows that are no products in quarantine.

    A drop is one transaction. A drop that cannot be read ends as one failed partition with its message; the other
    drops of the run stand.
    """
    from vitrina.catalog.intake import take_in
    from vitrina.catalog.registry import get_drop

    store, settings = object_store.store(), warehouse.settings
    done: list[IntakeResult] = []
    failed: dict[str, str] = {}
    keys = list(context.partition_keys)
    for number, key in enumerate(keys, 1):
        try:
            result = take_in(get_drop(key), store, settings, run_id=context.run.run_id)
        except PermanentError as error:
            failed[key] = str(error)
            context.log.error("%s cannot be read: %s", key, error)
            continue
        done.append(result)
        context.log.info(
            "[%d/%d] %s: %d rows, %d accepted, %d quarantined, %d merged; "
            "%d new, %d changed, %d delisted, gate %s (%.1f s)",
            number, len(keys), key, result.rows, result.accepted, result.quarantined, result.merged, result.new,
            result.changed, result.delisted, result.gate, result.seconds,
        )  # fmt: skip
    if failed:
        # Own events for the good partitions, then a failure for the rest: a normal return would mark all of them.
        for result in done:
            metadata = _metadata(result, done, warehouse)
            context.log_event(dg.AssetMaterialization("parsed_products", partition=result.key, metadata=metadata))
        _tell_checks(context, warehouse)
        text = "; ".join(f"{key}: {message}" for key, message in failed.items())
        raise dg.Failure(
            description=text[:4000],
            metadata={"drops": table(["drop", "why it cannot be read"], list(failed.items()))},
            allow_retries=False,
        )
    for result in done:
        context.add_asset_metadata(_metadata(result, done, warehouse), partition_key=result.key)
    return dg.MaterializeResult()


def _tell_checks(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Evaluate the checks here: after a failed step theirs is skipped, and all of them would stand as failed."""
    for found in intake_results(warehouse.settings):
        evaluation = dg.AssetCheckEvaluation(
            asset_key=parsed_products.key,
            check_name=str(found.check_name),
            passed=found.passed,
            severity=found.severity,
            metadata=found.metadata,
        )
        context.log_event(evaluation)


def _metadata(result: "IntakeResult", run: list["IntakeResult"], warehouse: Warehouse) -> dict[str, dg.MetadataValue]:
    """What a person sees of one drop; of the whole run only its speed and, where it had several, a table of drops."""
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(result.accepted),
        "format": dg.MetadataValue.text(result.format),
        "rows": dg.MetadataValue.int(result.rows),
        "accepted": dg.MetadataValue.int(result.accepted),
        "quarantined": dg.MetadataValue.int(result.quarantined),
        "merged": dg.MetadataValue.int(result.merged),
        "new": dg.MetadataValue.int(result.new),
        "changed": dg.MetadataValue.int(result.changed),
        "unchanged": dg.MetadataValue.int(result.unchanged),
        "delisted": dg.MetadataValue.int(result.delisted),
        "quarantine_reasons": dg.MetadataValue.json(result.reasons),
        "gate": dg.MetadataValue.text(str(result.gate)),
        "gate_reasons": dg.MetadataValue.json([reason["message"] for reason in result.gate_reasons]),
        "seconds": dg.MetadataValue.float(round(result.seconds, 3)),
    }
    if len(run) <= _SHOWN:
        metadata |= _samples(result.key, warehouse)
    if 1 < len(run) <= _SHOWN:
        header = ["drop", "rows", "accepted", "quarantined", "merged", "new", "changed", "gate"]
        rows = [(r.key, r.rows, r.accepted, r.quarantined, r.merged, r.new, r.changed, str(r.gate)) for r in run]
        metadata["drops_of_this_run"] = table(header, rows)
    seconds = sum(each.seconds for each in run)
    rate = round(sum(each.rows for each in run) / seconds, 1) if seconds else 0.0
    return metadata | {
        "drops_in_this_run": dg.MetadataValue.int(len(run)),
        "rows_per_second": dg.MetadataValue.float(rate),
    }


def _samples(key: str, warehouse: Warehouse) -> dict[str, dg.MetadataValue]:
    from vitrina.catalog.models import Product, QuarantinedRow

    products = Product.objects.filter(drop__key=key)
    first = products.order_by("row_number", "id").values_list("external_id", "title", "brand", "price", "currency")[:10]
    quarantine = QuarantinedRow.objects.filter(drop__key=key).order_by("ordinal")
    prices = [
        float(rub)
        for price, currency in products.values_list("price", "currency")[:20_000]
        if price is not None and (rub := warehouse.settings.to_rub(price, currency or "RUB")) is not None
    ]
    return {
        "preview": preview(["id", "title", "brand", "price", "currency"], list(first)),
        "quarantine": preview(
            ["row", "reason", "raw value"], list(quarantine.values_list("number", "reason", "raw")[:10])
        ),
        "price_plot": histogram(prices, title="Prices", x_label="roubles, by the configured rates", log=True),
        "dagster/column_schema": table_schema(Product, PRODUCT),
    }
