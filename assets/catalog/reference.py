"""Reference data of the shop: ``categories``, ``category_model``, ``templates``, and their vectors.

The files lie under ``reference/`` in the object store; the ``reference_files`` sensor asks for these assets when one
changes.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from assets.plots import bars, preview
from assets.policies import RETRY, Owner
from resources.llm import MODE_TAG
from resources.object_store import ObjectStoreResource
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse
from vitrina.errors import PermanentError

if TYPE_CHECKING:
    from vitrina.vectors.services import VectorSync

_GROUP = "reference"
_TAGS = {"domain": "catalog"}


@dg.asset(group_name=_GROUP, kinds={"yaml", "postgres"}, owners=[Owner.CATALOG], tags=_TAGS, retry_policy=RETRY)
def categories(object_store: ObjectStoreResource, warehouse: Warehouse) -> dg.MaterializeResult:
    """The shop's category tree with names in Russian, Turkish and English, and labelled example titles."""
    from vitrina.categories.labels import read_labelled
    from vitrina.categories.services import LABELS_PREFIX, TREE_KEY, add_labels, load_tree, sync_tree
    from vitrina.categories.tree_file import read_tree

    store = object_store.store()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "categories.yaml"
        store.download(TREE_KEY, path)
        try:
            result = sync_tree(read_tree(path))
        except PermanentError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        imported = 0
        for info in store.list(LABELS_PREFIX):
            labels = Path(folder) / Path(info.key).name
            store.download(info.key, labels)
            rows = ((row.title, row.slug) for row in read_labelled(labels))
            imported += add_labels(rows, f"import:{labels.name}"[:40])
    tree = load_tree()
    nodes = [(node.slug, tree.path(node.slug), len(node.examples)) for node in tree.nodes]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(tree),
            "leaves": len(tree.leaves),
            "created": result.created,
            "updated": result.updated,
            "deactivated": result.deactivated,
            "labels": result.labels,
            "new_imported_labels": imported,
            "preview": preview(["slug", "path", "examples"], nodes),
        }
    )


@dg.asset(
    deps=[categories], group_name=_GROUP, kinds={"qdrant"}, owners=[Owner.CATALOG], tags=_TAGS, retry_policy=RETRY
)
def category_vectors(
    context: dg.AssetExecutionContext, vectors: VectorsResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Collection `categories`: one point a category, from its path and synonyms in every language."""
    from vitrina.vectors.index import CATEGORIES

    return dg.MaterializeResult(metadata=vector_metadata(refreshed(CATEGORIES, context, vectors, warehouse)))


@dg.asset(
    deps=[categories],
    group_name=_GROUP,
    kinds={"scikitlearn"},
    owners=[Owner.CATALOG],
    tags=_TAGS,
    retry_policy=RETRY,
)
def category_model(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """A classifier trained on the labelled titles, with calibrated confidence and its *automatic threshold*.

    With too few labels there is no threshold, and every product is asked about.
    """
    from vitrina.categories.services import train_model

    def progress(stage: str, done: int, total: int) -> None:
        context.log.info("training: %s %d/%d", stage, done, total)

    store = object_store.store()
    try:
        version, fresh = train_model(store, progress=progress)
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    metadata: dict[str, dg.MetadataValue | int | float | str] = {
        "labels": version.labels,
        "classes": version.classes,
        "fit": version.fit_hash[:12],
        "new_fit": dg.MetadataValue.bool(fresh),
        "automatic_threshold": (
            dg.MetadataValue.float(round(version.automatic_threshold, 4))
            if version.automatic_threshold is not None
            else dg.MetadataValue.text("none: too few labels, everything is asked")
        ),
        # Of titles that the model had not seen in training.
        **{
            name.replace("oof_", "held_out_"): dg.MetadataValue.float(round(value, 4))
            for name, value in version.metrics.items()
        },
        "labels_plot": bars(_labels(), title="Labelled titles", x_label="titles"),
    }
    return dg.MaterializeResult(metadata=metadata)


def _labels() -> dict[str, int]:
    from django.db.models import Count

    from vitrina.categories.models import CategoryLabel

    rows = CategoryLabel.objects.values("category__name_ru").annotate(n=Count("id"))
    return {row["category__name_ru"]: row["n"] for row in rows}


@dg.asset(
    deps=[categories],
    group_name=_GROUP,
    kinds={"yaml", "postgres"},
    owners=[Owner.CONTENT],
    tags={"domain": "content"},
    retry_policy=RETRY,
)
def templates(object_store: ObjectStoreResource, warehouse: Warehouse) -> dg.MaterializeResult:
    """Description templates: examples for style, and sentences that are true of a whole category."""
    from vitrina.content.models import DescriptionTemplate
    from vitrina.content.templates import TEMPLATES_KEY, read_templates, sync_templates

    try:
        result = sync_templates(read_templates(object_store.store().get(TEMPLATES_KEY)))
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    rows = DescriptionTemplate.objects.filter(is_active=True).order_by("name")
    first = rows.values_list("name", "template_type", "category__path_ru", "usage_count", "success_rate")[:50]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows.count(),
            "created": result.created,
            "updated": result.updated,
            "deactivated": result.deactivated,
            "preview": preview(["name", "type", "category", "used", "success"], list(first)),
        }
    )


@dg.asset(
    deps=[templates],
    group_name=_GROUP,
    kinds={"qdrant"},
    owners=[Owner.CONTENT],
    tags={"domain": "content"},
    retry_policy=RETRY,
)
def template_vectors(
    context: dg.AssetExecutionContext, vectors: VectorsResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Collection `description_templates`: one point an active template, for the nearest examples."""
    from vitrina.vectors.index import TEMPLATES

    return dg.MaterializeResult(metadata=vector_metadata(refreshed(TEMPLATES, context, vectors, warehouse)))


def refreshed(
    alias: str,
    context: dg.AssetExecutionContext,
    vectors: VectorsResource,
    warehouse: Warehouse,
    drop_keys: Sequence[str] | None = None,
) -> "VectorSync":
    """Brings a collection to the catalogue's state; what cannot succeed without a change is not tried again."""
    from vitrina.llm.embeddings import EmbeddingError
    from vitrina.llm.outcomes import Outcome
    from vitrina.vectors.sources import refresh

    def tell(done: int) -> None:
        context.log.info("%d documents looked at", done)

    settings, run = warehouse.settings, context.run
    mode = run.tags.get(MODE_TAG)
    try:
        with vectors.index() as index:
            return refresh(alias, index, settings, drop_keys=drop_keys, mode=mode, run_id=run.run_id, progress=tell)
    except EmbeddingError as error:
        if error.outcome not in (Outcome.NOT_IN_LEDGER, Outcome.STOPPED, Outcome.BUDGET):
            raise
        raise dg.Failure(str(error), allow_retries=False) from error
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def vector_metadata(result: "VectorSync", seconds: float | None = None) -> dict[str, int | float | str]:
    """Counts and cost of a vector sync for the UI; with seconds, how many texts a second were embedded."""
    metadata: dict[str, int | float | str] = {
        "dagster/row_count": result.total,
        "embedded": result.embedded,
        "unchanged": result.unchanged,
        "only_payload_changed": result.repaid,
        "removed": result.removed,
        "indexed": result.indexed,
        "collection": result.physical,
        "dense_embedder": result.dense or "none: too few texts for a fit, sparse vectors alone",
        "embedding_calls": result.calls,
        "embedding_answers_from_ledger": result.cached,
        "cost_usd": "unknown" if result.cost_usd is None else str(result.cost_usd),
    }
    if result.fitted_on:
        metadata["embedder_fitted_on_texts"] = result.fitted_on
    if seconds and result.embedded:
        metadata["texts_per_second"] = round(result.embedded / seconds, 1)
    return metadata
