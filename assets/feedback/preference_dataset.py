"""``preference_dataset``: a validated, split, versioned dataset of what people preferred."""

import dagster as dg

from assets.feedback.preferences import preferences
from assets.plots import bars, embed, table
from assets.policies import RETRY, Owner
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse


@dg.asset(
    deps=[preferences],
    retry_policy=RETRY,
    group_name="feedback",
    kinds={"parquet", "huggingface"},
    owners=[Owner.DATA],
    tags={"domain": "preferences"},
    code_version="1",
)
def preference_dataset(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Prompt, chosen, rejected with provenance, as Parquet with a card; ties and single texts in files of their own.

    The version is the hash of its rows: nothing new, no new version. What is left out has a reason. Prompts, products
    and near-duplicates stand on one side of the split for ever.
    """
    from vitrina.preferences.dataset.card import length_plot
    from vitrina.preferences.dataset.versions import NotEnoughPreferences, make_version

    try:
        made = make_version(object_store.store(), warehouse.settings, run_id=context.run.run_id)
    except NotEnoughPreferences as missing:
        raise dg.Failure(str(missing), allow_retries=False) from missing
    version = made.version
    figures = version.report["figures"]
    pushed = _push(context, object_store, warehouse, version)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version.version),
        metadata={
            "dagster/row_count": sum(version.counts["pairs"].values()),
            "version": version.version,
            "number": version.number,
            "new_version": made.created,
            "place": dg.MetadataValue.path(f"{object_store.store().describe()}/{version.prefix}"),
            "pairs": dg.MetadataValue.json(version.counts["pairs"]),
            "ties": dg.MetadataValue.json(version.counts["ties"]),
            "unpaired": dg.MetadataValue.json(version.counts["unpaired"]),
            "set_aside": bars(version.counts["set_aside"], title="Set aside", x_label="rows"),
            "figures": table(["figure", "value"], [(name, str(value)) for name, value in figures.items()]),
            "missing": table(["what is missing"], [(sentence,) for sentence in made.missing]),
            "difference": dg.MetadataValue.json(version.report.get("difference", {})),
            "lengths": embed(length_plot(made.sorted.pairs), "Characters of the texts"),
            "pushed": pushed,
        },
    )


def _push(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse, version: object
) -> str:
    """Where it was pushed, in words. A Hub that does not answer does not undo the version."""
    from vitrina.errors import VitrinaError
    from vitrina.preferences.dataset.hub import push
    from vitrina.preferences.models import DatasetVersion

    settings = warehouse.settings
    if not settings.hf_dataset_repo or settings.hf_token is None:
        return "no repository is set"
    if not isinstance(version, DatasetVersion) or not version.validated:
        return "not validated, so not pushed"
    try:
        return str(push(version, object_store.store(), settings))
    except VitrinaError as problem:
        context.log.warning("%s", problem)
        return f"failed: {problem}"


@dg.asset_check(
    asset=preference_dataset,
    blocking=True,
    description="No prompt, product or near-duplicate stands on two sides, in the files as they lie there.",
)
def sides_do_not_meet(object_store: ObjectStoreResource, warehouse: Warehouse) -> dg.AssetCheckResult:
    """Reads the newest version back and looks for itself."""
    from vitrina.preferences.dataset.checking import meeting_sides
    from vitrina.preferences.dataset.versions import newest, read_all

    version = newest()
    if version is None:
        return dg.AssetCheckResult(passed=True, metadata={"version": "none"})
    found = meeting_sides(read_all(object_store.store(), version))
    return dg.AssetCheckResult(
        passed=version.validated and not found,
        metadata={
            "version": version.version,
            "validated": version.validated,
            "meeting": table(["what stands on two sides"], [(one,) for one in found[:30]]),
        },
    )


@dg.asset_check(asset=preference_dataset, description="Every preference is in the dataset or set aside with a reason.")
def nothing_is_lost(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Pairs + ties + set aside of the newest version = preferences that stood when it was made."""
    from vitrina.preferences.dataset.versions import newest

    version = newest()
    if version is None:
        return dg.AssetCheckResult(passed=True, metadata={"version": "none"})
    counts = version.counts
    kept = sum(counts["pairs"].values()) + sum(counts["ties"].values()) + sum(counts["unpaired"].values())
    aside = sum(counts["set_aside"].values())
    given = counts["given"] + counts["labels_given"]
    return dg.AssetCheckResult(
        passed=kept + aside == given, metadata={"given": given, "kept": kept, "set_aside": aside}
    )
