"""``product_images``: the pictures of a drop's products, fetched and made small."""

from typing import TYPE_CHECKING

import dagster as dg

from assets.catalog.parsed_products import parsed_products
from assets.catalog.partitions import DROPS
from assets.plots import table
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from assets.refresh import refresh_asked
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse
from vitrina.errors import PermanentError

if TYPE_CHECKING:
    from vitrina.images.running import FetchResult, Progress


@dg.asset(
    deps=[parsed_products],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(),
    group_name="images",
    kinds={"s3"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    # In a run with other steps, what publishing waits for goes first.
    op_tags={"dagster/priority": "-10"},
    pool="images",
    code_version="1",
)
def product_images(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Pictures of the drop's products: original, JPEG and WebP to fit 1024, thumbnail, under the four prefixes.

    Kept by content: a picture that many products show is fetched, decoded and stored once. What a host does not answer
    waits; the schedule `waiting_pictures` goes on with it, and publishing does not wait for it. A backfill asks for
    every address again, conditionally.
    """
    from vitrina.catalog.models import Product
    from vitrina.images.service import refresh_pictures

    products = Product.objects.filter(drop__key__in=list(context.partition_keys))
    try:
        result = refresh_pictures(
            products,
            object_store.store(),
            warehouse.settings,
            refresh=refresh_asked(context),
            tell=lambda progress: context.log.info(progress_line(progress)),
        )
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(metadata=fetch_metadata(result))


def progress_line(progress: "Progress") -> str:
    """One line of a run's log."""
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    states = ", ".join(f"{count} {state}" for state, count in sorted(progress.states.items()))
    return f"{progress.done} of {progress.due} addresses, {rate:.1f} a second: {states}"


def fetch_metadata(result: "FetchResult") -> dict[str, dg.MetadataValue | int | float]:
    """What a person wants to see of a run."""
    return {
        "products_with_pictures": result.assigned.products,
        "addresses": result.assigned.addresses,
        "asked": result.due - result.busy,
        "asked_by_another_run": result.busy,
        "stored": result.states["stored"],
        "unchanged": result.unchanged,
        "waiting": result.states["waiting"],
        "refused": result.states["refused"],
        "gone": result.states["gone"],
        "new_pictures": result.new_pictures,
        "megabytes_received": round(result.received_bytes / 1e6, 1),
        "megabytes_stored": round(result.stored_bytes / 1e6, 1),
        "pictures_per_second": round(result.new_pictures / result.seconds, 1) if result.seconds else 0.0,
        "reasons": table(["reason", "addresses"], result.reasons.most_common()),
        "hosts_left_alone": table(["host"], [[host] for host in result.hosts_left_alone[:30]]),
    }


@dg.asset_check(asset=product_images, description="Few of the addresses that products show are without a picture.")
def most_pictures_are_there(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Addresses of listed products that were refused or are gone, against all that a host has answered.

    Those that are never asked, by rule, are shown and do not count: asking again changes nothing about them.
    """
    from vitrina.images.overview import picture_states

    found = picture_states()
    answered = found.stored + found.refused + found.gone
    share = (found.refused + found.gone) / answered if answered else 0.0
    return dg.AssetCheckResult(
        passed=share <= warehouse.settings.image_failed_warn_share,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "share_failed": share,
            "stored": found.stored,
            "waiting": found.waiting,
            "refused": found.refused,
            "never_asked": found.never_asked,
            "gone": found.gone,
            "reasons": table(["reason", "addresses"], found.reasons),
            "hosts": table(["host", "without a picture"], found.hosts),
        },
    )
