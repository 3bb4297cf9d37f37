"""``policy_model``: a writer taught by a reward model, and judged by another one that it did not see."""

from typing import Any

import dagster as dg
from pydantic import Field

from assets.plots import table
from assets.training.declaring import PREFERENCES, gate, judgement, notes, plots, trains
from assets.training.needs import TRAINING
from assets.training.pushing import push_champion
from resources.object_store import ObjectStoreResource
from resources.trainer import Trainer
from resources.warehouse import Warehouse

GATE = "policy_model_may_be_used"


class PolicyModelConfig(dg.Config):
    """What is learned from, and how."""

    algorithm: str = Field("rloo", description="rloo, grpo or dpo. PPO has left TRL.")
    seed: int = Field(0, description="Of the order of prompts and of the texts.")
    settings: dict = Field({}, description="Such as beta, steps or prompts.")  # type: ignore[type-arg]
    processes: int = Field(1, ge=1, description="Processes on this machine, one for each GPU.")
    train: list[str] = Field([], description="Files instead of the dataset: preferences, or prompts alone.")
    test: list[str] = Field([], description="Files instead of the dataset: held-out prompts.")
    reward: str | None = Field(None, description="Folder of a reward model instead of the champion.")
    judge: str | None = Field(None, description="Folder of a judge of another fold; one is trained if empty.")
    promote: bool = Field(True, description="Whether a policy that passes is used at once; false waits for a person.")


@dg.asset(
    deps=[PREFERENCES, dg.AssetKey("sft_model"), dg.AssetKey("reward_model")],
    check_specs=[
        gate(
            GATE,
            "policy_model",
            "a judge that it did not see prefers it to the SFT model, near to that model, not longer, not cut, not "
            "repeating, in the language asked for. People's votes are a rule once there are fifty: at the end of a "
            "training nobody has seen a text of it, and it is promoted without them unless promote is false.",
        )
    ],
    code_version="1",
    **trains(TRAINING),
)
def policy_model(
    context: dg.AssetExecutionContext,
    config: PolicyModelConfig,
    trainer: Trainer,
    object_store: ObjectStoreResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """The SFT champion taught by a reward model, beside the best of n of the SFT champion's own texts.

    The champion among reward models teaches where enough pairs are left that it has not seen, to train the judge on;
    otherwise teacher and judge are linear models of half of the pairs each. The same data, models, settings and seed
    give the same weights, whose hash is the data version.
    """
    from pathlib import Path

    from vitrina.errors import PermanentError
    from vitrina.fingerprints import fingerprint
    from vitrina.models_registry import policies, rewards, services
    from vitrina.policy.storage import CONTRACT
    from vitrina.preferences.champion import trained_contracts

    store, home = object_store.store(), warehouse.settings.vitrina_home / "training"
    try:
        if config.train:
            files = rewards.files_by_hand(config.train, config.test)
        else:
            files = policies.files_of_newest(store, home / "datasets")
        if (start := services.champion(policies.SFT)) is None:
            raise PermanentError("There is no SFT model yet.", hint="Materialise sft_model.")
        sft = services.fetch(store, start, home / "models")
        teacher = services.champion(rewards.ROLE)
        if teacher and (trained_contracts(teacher.manifest) or {CONTRACT}).isdisjoint({CONTRACT}):
            context.log.info("The reward model in use learned from other texts than short cards; it does not teach.")
            teacher = None
        known = services.fetch(store, teacher, home / "models") if teacher else None
        reward = Path(config.reward) if config.reward else policies.teacher_of(known, files)
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    names = (start.model_id, str(reward), config.judge, config.algorithm, config.seed, config.settings)
    out = home / "policy" / fingerprint(files.version, *names)[:16]
    command = policies.policy_command(
        files, out, sft=sft, reward=reward, judge=Path(config.judge) if config.judge else None,
        algorithm=config.algorithm, seed=config.seed, settings=config.settings, processes=config.processes,
        notes=notes(warehouse, files.version, context.run.run_id),
    )  # fmt: skip
    trainer.run(context, command, TRAINING, config.processes)
    row, rules = policies.take(
        store, out, dataset_version=files.version, run_id=context.run.run_id, promote=config.promote
    )
    report = row.report
    judged, people = judgement(rules), people_say(row)
    writers = [
        (name, each["reward"]["mean"], won["share"], won["low"], won["high"], each["characters"],
         each["clipped"]["share"], each["repetition"]["mean"], each["language"]["share"])
        for name, each in report["writers"].items()
        for won in (each.get("judge_win", dict.fromkeys(("share", "low", "high"))),)
    ]  # fmt: skip
    header = ["writer", "reward", "judge prefers to SFT", "low", "high", "characters", "cut", "repetition", "language"]
    texts = [(each["prompt"], each["sft"], each["best_of_n"], each["policy"]) for each in report["examples"]]
    return dg.MaterializeResult(
        data_version=dg.DataVersion(row.model_id),
        metadata={
            "algorithm": report["algorithm"],
            "status": str(row.status),
            "dataset_version": files.version,
            "place": dg.MetadataValue.path(f"{store.describe()}/{row.prefix}"),
            "pushed": push_champion(context, object_store, warehouse, row.role),
            "judge": report["judge_origin"],
            "prompts": report["n_prompts"],
            "writers": table(header, writers),
            "gate": judged,
            "people": people,
            "texts": table(["prompt", "SFT", f"best of {report['best_of']}", "policy"], texts),
            "length_ratio": report["length_ratio"],
            "kl_per_token": report["kl_per_token"]["mean"],
            **{name: value for name, value in report["speed"].items() if value is not None},
            **plots(out),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=GATE,
                passed=row.passed,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"gate": judged, "people": people, "status": str(row.status)},
            )
        ],
    )


def people_say(row: Any) -> str:
    """What people said of the policy, and what follows where they have not decided."""
    from vitrina.models_registry.desk_votes import votes_of
    from vitrina.policy.gates import heard

    said, name = heard(votes_of(row)), row.model_id[:12]
    if row.status == row.Status.CHAMPION:
        return f"{said} It is in use; votes go on to be counted, and `vitrina policy roll-back` is the way back."
    if row.passed:
        return f"{said} It waits: `vitrina policy pairs {name}` asks people, `vitrina policy promote {name}` uses it."
    return said
