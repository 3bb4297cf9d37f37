"""``reward_model``: what people preferred, learned; judged beside baselines, promoted if the gate allows."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import Field

from assets.plots import table
from assets.training.declaring import PREFERENCES, based, gate, judgement, notes, plots, trains
from assets.training.needs import TRAINING
from assets.training.pushing import push_champion
from resources.object_store import ObjectStoreResource
from resources.trainer import Trainer
from resources.warehouse import Warehouse

GATE = "reward_model_may_be_used"


class RewardModelConfig(dg.Config):
    """What is trained on, and how."""

    kind: str | None = Field(None, description="linear, transformer or ensemble; the validation fold chooses if empty.")
    seed: int = Field(0, description="Of the folds and of the weights.")
    settings: dict = Field({}, description="Of a transformer, such as base (REWARD_BASE if left out).")  # type: ignore[type-arg]
    processes: int = Field(1, ge=1, description="Of a transformer, on this machine: one for each GPU.")
    train: list[str] = Field([], description="Files instead of the dataset: what is learned from.")
    test: list[str] = Field([], description="Files instead of the dataset: what it is judged on.")
    promote: bool = Field(True, description="Whether a model that passes becomes the champion at once.")


@dg.asset(
    deps=[PREFERENCES],
    check_specs=[
        gate(
            GATE,
            "reward_model",
            "above chance, balanced by length, not worse than baselines and champion, calibrated, nothing leaked.",
        )
    ],
    code_version="1",
    **trains(TRAINING),
)
def reward_model(
    context: dg.AssetExecutionContext,
    config: RewardModelConfig,
    trainer: Trainer,
    object_store: ObjectStoreResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """A reward model of the newest preference dataset, trained in a process of its own with live figures.

    Its folder lies in the object store; the registry says whether it is candidate or champion, with every rule of the
    gate. The same data, settings and seed give the same weights, whose hash is the data version.
    """
    from vitrina.errors import PermanentError
    from vitrina.fingerprints import fingerprint
    from vitrina.models_registry import rewards, services

    store, home = object_store.store(), warehouse.settings.vitrina_home / "training"
    try:
        if config.train:
            if not config.test:
                raise PermanentError("Files to learn from were named, and none to judge on.", hint="Set test too.")
            files = rewards.files_by_hand(config.train, config.test)
        else:
            files = rewards.files_of_newest(store, home / "datasets")
        former = services.champion(rewards.ROLE)
        beside = services.fetch(store, former, home / "models") if former else None
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    settings = based(config.settings, warehouse.settings.reward_base)
    name = fingerprint(files.version, config.kind, config.seed, settings)[:16]
    out = home / "reward" / name
    command = rewards.command(
        files, out, kind=config.kind, seed=config.seed, settings=settings, champion=beside,
        notes=notes(warehouse, files.version, context.run.run_id), processes=config.processes,
    )  # fmt: skip
    trainer.run(context, command, TRAINING, config.processes)
    row, rules = rewards.take(
        store, out, dataset_version=files.version, run_id=context.run.run_id, promote=config.promote
    )
    report = row.report
    judged = judgement(rules)
    compared = [
        (known, f"{each['accuracy']:.3f}", f"{each['accuracy_low']:.3f}", f"{each['accuracy_high']:.3f}",
         f"{each['log_loss_calibrated']:.3f}", f"{each['mcnemar_p']:.2g}" if "mcnemar_p" in each else "")
        for known, each in (("this model", report), *report["baselines"].items())
    ]  # fmt: skip
    return dg.MaterializeResult(
        data_version=dg.DataVersion(row.model_id),
        metadata={
            "kind": row.kind,
            "status": str(row.status),
            "dataset_version": files.version,
            "place": dg.MetadataValue.path(f"{store.describe()}/{row.prefix}"),
            "pushed": push_champion(context, object_store, warehouse, row.role),
            "n_train": report["n_train"],
            "n_test": report["n_test"],
            "accuracy": report["accuracy"],
            "accuracy_low": report["accuracy_low"],
            "log_loss_calibrated": report["log_loss_calibrated"],
            "ece_calibrated": report["ece_calibrated"],
            "compared": table(["model", "accuracy", "low", "high", "log-loss", "McNemar p"], compared),
            "gate": judged,
            "notes": table(["note"], [(note,) for note in report["notes"]]),
            **_learning(report.get("learning_curve")),
            **plots(out),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=GATE,
                passed=row.passed,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"gate": judged, "status": str(row.status)},
            )
        ],
    )


def _learning(curve: Mapping[str, Any] | None) -> dict[str, Any]:
    """Whether more pairs would help; the plot is among the others."""
    if curve is None:
        return {}
    rows = [
        (each["pairs"], f"{each['accuracy']:.3f}", f"{each['accuracy_low']:.3f}", f"{each['accuracy_high']:.3f}",
         f"{each['log_loss']:.3f}")
        for each in curve["points"]
    ]  # fmt: skip
    gain = {} if curve["gain"] is None else {"gain_for_twice_the_pairs": curve["gain"]}
    header = ["training pairs", "accuracy", "low", "high", "log-loss"]
    return {"learning_curve": table(header, rows), "more_pairs": curve["said"], **gain}
