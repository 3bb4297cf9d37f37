"""``image_analysis``: what the pictures of products tell."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.catalog.partitions import DROPS
from assets.catalog.product_images import product_images
from assets.gateways import answer_checks, answer_results, gateway_metadata, teller
from assets.plots import bars, histogram, table
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from resources.llm import LlmResource
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse
from vitrina.llm.outcomes import UNFINISHED

if TYPE_CHECKING:
    from vitrina.config import Settings
    from vitrina.content.picture_conflicts import Conflict
    from vitrina.images.analysis.asking import VisionResult
    from vitrina.images.analysis.overview import Overview
    from vitrina.objects import ObjectStore


@dg.asset(
    deps=[product_images],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(),
    group_name="images",
    kinds={"opencv", "postgres"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    # In a run with other steps, what publishing waits for goes first.
    op_tags={"dagster/priority": "-10"},
    check_specs=answer_checks("image_analysis"),
    code_version="1",
)
def image_analysis(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, llm: LlmResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Colours by name, sharpness, exposure, background and near-duplicates of every stored picture, without a model.

    Where `AI_VISION_MODEL` names a model, it is asked about the first pictures of each product, once for each picture;
    what it says stands beside the measured facts and never replaces them. Without answers the facts stand alone.

    A picture is analysed once, however many products show it. A picture of another colour than the text names is a
    reason for moderation; a product without pictures is published all the same.
    """
    from vitrina.catalog.models import Product
    from vitrina.content.pictures import conflicts_of_products
    from vitrina.content.rejudging import judge_again
    from vitrina.images.analysis.analysing import analyse_products
    from vitrina.images.background.cutouts import cut_out

    settings, store = warehouse.settings, object_store.store()
    ids = list(Product.objects.filter(drop__key__in=list(context.partition_keys)).values_list("id", flat=True))
    result = analyse_products(ids, store, settings, run_id=context.run.run_id)
    looked, summary = _looked_at(context, ids, store, llm, settings)
    seen = _vision_metadata(looked, summary)
    if settings.image_cutouts:
        cut = cut_out(ids, store)
        seen |= {"cutouts_made": cut.made, "cutouts_unsure": cut.unsure, "cutouts_failed": cut.failed}
    conflicts = conflicts_of_products(ids, settings)
    judged = judge_again(conflicts, ids, settings, run_id=context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            "pictures": result.pictures,
            "analysed": result.analysed,
            "unchanged": result.unchanged,
            "failed": result.failed,
            "failures": table(["why", "pictures"], result.why.most_common(20)),
            "conflicts": len(conflicts),
            "verdicts_given_anew": judged,
            **seen,
            **_glance(ids, conflicts, store),
        },
        check_results=list(
            answer_results(asked=looked.asked, answered=looked.answered, failed=looked.failed, summary=summary)
        ),
    )


def _looked_at(
    context: dg.AssetExecutionContext, ids: list[int], store: "ObjectStore", llm: LlmResource, settings: "Settings"
) -> "tuple[VisionResult, dict[str, Any]]":
    """The vision model's part and the gateway's figures; what it did not answer is left for a later run."""
    from vitrina.errors import PermanentError
    from vitrina.images.analysis.asking import VisionResult, ask_about, vision_model

    try:
        model = vision_model(settings)
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if model is None:
        return VisionResult(), {}
    run_id = context.run.run_id
    with llm.gateway(run_id, context.run.tags) as gateway:
        found = ask_about(ids, store, gateway, settings, model=model, run_id=run_id, progress=teller(context))
        summary = gateway.summary()
    for outcome, why in found.why.items():
        count = found.failed.get(outcome, found.unreadable)
        context.log.warning("%d pictures without an answer (%s): %s", count, outcome, why)
    return found, {**summary, "model": model}


def _vision_metadata(found: "VisionResult", summary: Mapping[str, Any]) -> dict[str, dg.MetadataValue | int | str]:
    """What a person sees of the vision model; without one its name is ``none``."""
    if not summary:
        return {"vision_model": "none"}
    return {
        "vision_model": str(summary["model"]),
        "vision_asked": found.asked,
        "vision_answered": found.answered,
        "vision_unchanged": found.unchanged,
        "vision_failed": dg.MetadataValue.json(dict(found.failed)),
        "vision_unreadable": found.unreadable,
        "vision_left_for_later": sum(found.failed[outcome] for outcome in UNFINISHED),
        "vision_disagreements": found.disagreements,
        "vision_tokens": found.tokens,
        "vision_cost_usd": "unknown" if found.cost_usd is None else str(found.cost_usd),
        **gateway_metadata(summary),
    }


def _glance(
    ids: list[int], conflicts: "dict[int, Conflict]", store: "ObjectStore"
) -> dict[str, dg.MetadataValue | int]:
    """Contact sheet, findings and plots of a drop's pictures."""
    from vitrina.catalog.models import Product
    from vitrina.images.analysis.models import PictureAnalysis
    from vitrina.images.analysis.overview import overview

    seen = overview(ids, first=list(conflicts))
    told = {*conflicts, *(pk for pk, _, _ in seen.poor), *(group[0] for group in seen.groups)}
    titles = dict(Product.objects.filter(pk__in=told).values_list("pk", "title"))
    shown = PictureAnalysis.objects.filter(picture__urls__shown_by__product__in=ids, quality__isnull=False)
    qualities = dict(shown.values_list("picture_id", "quality"))
    return {
        "products_with_pictures": seen.products,
        "contact_sheet": _sheet(seen, store, list(conflicts)),
        "colour_conflicts": _conflict_table(conflicts, titles),
        "poor_pictures": table(
            ["product", "title", "score", "why"], [(pk, titles.get(pk), score, why) for pk, score, why in seen.poor]
        ),
        "near_duplicates": table(
            ["products", "first"],
            [(", ".join(map(str, group[:8])), titles.get(group[0])) for group in seen.groups[:20]],
        ),
        "near_duplicate_groups": len(seen.groups),
        "quality_plot": histogram(
            [quality or 0.0 for quality in qualities.values()],
            title="Quality of pictures",
            x_label="score",
            y_label="pictures",
        ),
        "colours_plot": bars(seen.colors, title="Main colours", x_label="products"),
    }


def _sheet(seen: "Overview", store: "ObjectStore", marked: list[int]) -> dg.MarkdownMetadataValue:
    from vitrina.images.analysis.overview import cells
    from vitrina.images.contact_sheet import contact_sheet

    picture = contact_sheet(cells(seen.shown, store, marked))
    if not picture:
        return dg.MetadataValue.md("*no pictures*")
    encoded = base64.b64encode(picture).decode()
    return dg.MetadataValue.md(f"![contact sheet, colours measured](data:image/jpeg;base64,{encoded})")


def _conflict_table(conflicts: "dict[int, Conflict]", titles: dict[int, str]) -> dg.MarkdownMetadataValue:
    rows = [
        (pk, titles.get(pk), ", ".join(found.said), f"{found.seen} {found.share:.0%} {found.hex}", found.thumb)
        for pk, found in list(conflicts.items())[:30]
    ]
    return table(["product", "title", "text says", "picture shows", "thumbnail"], rows)


@dg.asset_check(
    asset=image_analysis, description="Stored pictures that could not be analysed, as a share of all stored ones."
)
def pictures_are_analysed(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warns above the share that is allowed for pictures that could not be fetched."""
    from vitrina.images.analysis.models import PictureAnalysis

    total = PictureAnalysis.objects.count()
    failed = PictureAnalysis.objects.filter(state=PictureAnalysis.State.FAILED)
    share = failed.count() / total if total else 0.0
    why = list(failed.values_list("picture_id", "message")[:20])
    return dg.AssetCheckResult(
        passed=share <= warehouse.settings.image_failed_warn_share,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "analysed": total,
            "failed": failed.count(),
            "share": share,
            "failures": table(["picture", "why"], [(key[:12], message) for key, message in why]),
        },
    )
