"""``sft_model``: a model that writes short cards as people preferred them; what a policy starts from."""

import dagster as dg
from pydantic import Field

from assets.plots import table
from assets.training.declaring import PREFERENCES, based, judgement, notes, trains
from assets.training.needs import TRAINING
from assets.training.pushing import push_champion
from resources.object_store import ObjectStoreResource
from resources.trainer import Trainer
from resources.warehouse import Warehouse


class SftModelConfig(dg.Config):
    """What is learned from, and how."""

    seed: int = Field(0, description="Of the folds and of the weights.")
    settings: dict = Field({}, description="Such as base (TRAIN_BASE if left out), epochs or width.")  # type: ignore[type-arg]
    processes: int = Field(1, ge=1, description="Processes on this machine, one for each GPU.")
    train: list[str] = Field([], description="Files instead of the dataset: preferences, or prompt and text.")
    promote: bool = Field(True, description="Whether a model that learned becomes the champion at once.")


@dg.asset(
    deps=[PREFERENCES],
    code_version="1",
    **trains(TRAINING),
)
def sft_model(
    context: dg.AssetExecutionContext,
    config: SftModelConfig,
    trainer: Trainer,
    object_store: ObjectStoreResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """A model taught to write by the preferred short cards of the newest preference dataset.

    By default a small transformer from configuration with a tokenizer of its own, trained on a processor in minutes;
    with a base, adapters of a pretrained one. The same data, settings and seed give the same weights, whose hash is
    the data version.
    """
    from vitrina.errors import PermanentError
    from vitrina.fingerprints import fingerprint
    from vitrina.models_registry import policies, rewards

    store, home = object_store.store(), warehouse.settings.vitrina_home / "training"
    try:
        if config.train:
            files = rewards.files_by_hand(config.train, [])
        else:
            files = policies.files_of_newest(store, home / "datasets")
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    settings = based(config.settings, warehouse.settings.train_base)
    out = home / "sft" / fingerprint(files.version, config.seed, settings)[:16]
    command = policies.sft_command(
        files, out, seed=config.seed, settings=settings, processes=config.processes,
        notes=notes(warehouse, files.version, context.run.run_id),
    )  # fmt: skip
    trainer.run(context, command, TRAINING, config.processes)
    row, rules = policies.take(
        store, out, dataset_version=files.version, run_id=context.run.run_id, promote=config.promote
    )
    manifest, speed = row.manifest, row.report["speed"]
    epochs = [(each["epoch"], each["loss_per_token"], each["loss_per_character"]) for each in row.report["history"]]
    best = min(row.report["history"], key=lambda each: each["loss_per_token"])
    return dg.MaterializeResult(
        data_version=dg.DataVersion(row.model_id),
        metadata={
            "status": str(row.status),
            "dataset_version": files.version,
            "place": dg.MetadataValue.path(f"{store.describe()}/{row.prefix}"),
            "pushed": push_champion(context, object_store, warehouse, row.role),
            "examples": manifest["data"]["n_examples"],
            "base": manifest["base"] or "from configuration",
            "loss_per_character": best["loss_per_character"],
            "epochs": table(["epoch", "nats per token", "nats per character"], epochs),
            "gate": judgement(rules),
            **{name: value for name, value in speed.items() if value is not None},
        },
    )
