"""Teaching a policy by a reward model, resumable to the same weights.

What belongs here: the order of the work: what goes in, the loop, the folder, the judgement. What stays out: trainers'
settings (`rl_config`), figures (`evaluation`), the process that calls this (`vitrina.training.policy`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vitrina.errors import PermanentError
from vitrina.fingerprints import fingerprint
from vitrina.policy import cards, storage
from vitrina.policy.examples import Examples
from vitrina.policy.judges import Judges, open_judges
from vitrina.policy.prompts import Prompts, ordered, parted
from vitrina.policy.settings import Algorithm, PolicySettings
from vitrina.policy.sft import finished, save_whole
from vitrina.reward.fitting import Progress, silent
from vitrina.reward.models import require_torch
from vitrina.reward.pairs import data_version
from vitrina.reward.storage import ensure_free, partial_folder
from vitrina.reward.transformer.training import quiet_environment

_WORK = "work"
_JUDGES = "judges"


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """What is to be trained.

    Attributes:
        out: Folder of the policy.
        sft: Folder of the model that it starts from and stays near to.
        reward: Folder of the reward model; None: one is trained on half of the pairs.
        judge: Folder of a model of another fold; None: one is trained on pairs that the reward model has not seen.
        replace: Whether a model that stands there may be replaced.
        notes: Facts about the source that the manifest keeps (dataset version, job).
    """

    out: Path
    sft: Path
    reward: Path | None = None
    judge: Path | None = None
    algorithm: Algorithm = Algorithm.RLOO
    seed: int = 0
    settings: PolicySettings = field(default_factory=PolicySettings)
    replace: bool = False
    notes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def train(
    examples: Examples, test: Examples | None, plan: PolicyPlan, progress: Progress = silent
) -> tuple[dict[str, Any], Judges, Prompts]:
    """Train and keep a policy; an interrupted training of the same data, settings and folder goes on.

    Returns:
        The manifest, and what the policy can be judged with.

    Raises:
        PermanentError: data or models that cannot be used, a folder that is in use, or libraries that are missing.
        RetryableError: it was told to stop; a checkpoint is saved.
    """
    require_torch("A model that writes", "")
    quiet_environment()
    import torch

    from vitrina.reward.transformer.trainer import silence
    from vitrina.training.joining import alone, first_alone, together
    from vitrina.training.surroundings import resumable

    silence()
    settings = plan.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    _sensible(plan)
    sft = storage.read(plan.sft, kind=storage.WriterKind.SFT)
    prompts = parted(examples, test, storage.trained_groups(plan.sft), plan.seed, settings.judged_prompts)
    partial = partial_folder(plan.out)
    pairs = examples.pairs + (test.pairs if test is not None and plan.reward is not None else [])
    described = settings.described(plan.algorithm, pretrained=sft["base"] is not None)
    source = fingerprint(data_version(examples.pairs), sorted(prompts.train), sft["model_id"], plan.seed)
    work = plan.out.with_name(plan.out.name + "." + _JUDGES) / source[:16]
    with first_alone():
        judges = open_judges(pairs, plan.reward, plan.judge, work, plan.seed, progress)
    kept_out = judges.judge.model_id if plan.algorithm is Algorithm.DPO else ""
    name = fingerprint(described, plan.algorithm, source, judges.reward.model_id, kept_out, torch.__version__)
    done = finished(plan.out, name)
    if done is not None:
        progress("found finished", {"folder": str(plan.out)})
        return done, judges, prompts
    ensure_free(plan.out, replace=plan.replace)
    progress("prompts", {"train": len(prompts.train), "held_out": len(prompts.held), "leaked": prompts.leaked})
    resume = resumable(partial / _WORK, name, progress)
    learned = _Learning(plan, name, sft, judges, prompts, examples, partial / _WORK, progress).run(resume)
    if alone():
        _keep(plan, name, sft, judges, prompts, examples, partial, learned, described)
    together()
    progress("done", {"folder": str(plan.out)})
    return storage.read(plan.out), judges, prompts


def _sensible(plan: PolicyPlan) -> None:
    from vitrina.training.joining import processes

    settings = plan.settings
    if plan.algorithm is not Algorithm.DPO and settings.generations < 2:
        raise PermanentError(
            f"With {settings.generations} generations for a prompt there is nothing to compare a text with.",
            hint="Two at least.",
        )
    if min(settings.steps, settings.prompts, settings.best_of, settings.judged_prompts) < 1:
        raise PermanentError("steps, prompts, best_of and judged_prompts are one at least.")
    if settings.prompts % processes():
        raise PermanentError(f"{settings.prompts} prompts in a step cannot be shared by {processes()} processes.")


@dataclass(frozen=True, slots=True)
class _Learned:
    history: list[dict[str, Any]]
    speed: Mapping[str, Any]
    over_long: int
    answer_length: int


class _Learning:
    """One training."""

    def __init__(
        self,
        plan: PolicyPlan,
        name: str,
        sft: Mapping[str, Any],
        judges: Judges,
        prompts: Prompts,
        examples: Examples,
        work: Path,
        progress: Progress,
    ) -> None:
        self.plan, self.name, self.judges, self.prompts, self.examples = plan, name, judges, prompts, examples
        self.pretrained = sft["base"] is not None
        self.work, self.progress = work, progress

    def run(self, resume: Path | None) -> _Learned:
        """Train to the end; the weights are the last ones: those with the best score are the worst ones."""
        import torch

        from vitrina.policy.building import adapters, opened
        from vitrina.reward.transformer.hardware import checkpointing
        from vitrina.training.joining import alone, processes
        from vitrina.training.surroundings import Surroundings, speed_of, trained

        settings = self.plan.settings
        short = self.pretrained and torch.cuda.is_available()
        model, encoder = opened(self.plan.sft / storage.FOLDER, dtype="bfloat16" if short else "float32")
        texts = 2 if self.plan.algorithm is Algorithm.DPO else settings.generations
        tokens = settings.prompts // processes() * texts * encoder.encoding.max_length
        again = checkpointing(model, tokens, settings.gradient_checkpointing)
        #: As they are used: what the memory decided is decided.
        self.settings = replace(settings, gradient_checkpointing=again)
        callbacks = Surroundings(self.work, self.name, settings.steps + 1, lambda *_: None, self._telling())
        common: dict[str, Any] = {
            "model": model,
            "processing_class": encoder.tokenizer,
            "callbacks": [callbacks],
            "peft_config": adapters(settings.lora_rank, pretrained=self.pretrained),
        }
        dropped = 0
        if self.plan.algorithm is Algorithm.DPO:
            trainer, dropped, learned = self._offline(common, encoder)
        else:
            trainer, learned = self._online(common, encoder), None
        trained(trainer, callbacks, resume, self.progress)
        if alone():
            save_whole(trainer.model, encoder, self.work / "last")
        seen = callbacks.seen if learned is None else int(learned * callbacks.made / settings.steps)
        speed = speed_of(callbacks, trainer.model, str(self.plan.algorithm), seen)
        return _Learned(self._history(), speed, dropped, encoder.answer_length)

    def _online(self, common: dict[str, Any], encoder: Any) -> Any:
        from datasets import Dataset

        from vitrina.policy.rl_config import OwnGrpo, OwnRloo, contract_function, online, reward_function

        settings, plan = self.settings, self.plan
        args = online(
            plan.algorithm, settings, self.work / "checkpoints", plan.seed, length=encoder.answer_length,
            pretrained=self.pretrained,
        )  # fmt: skip
        kind = OwnRloo if plan.algorithm is Algorithm.RLOO else OwnGrpo
        kind.encoder = encoder
        asked = ordered(self.prompts.train, settings.steps * settings.prompts, plan.seed)
        dataset = Dataset.from_list([{"prompt": prompt} for prompt in asked])
        rewards = [reward_function(self.judges.reward)]
        if settings.outside:
            rewards.append(contract_function(settings, encoder.tokenizer.eos_token_id))
        return kind(reward_funcs=rewards, args=args, train_dataset=dataset, **common)

    def _offline(self, common: dict[str, Any], encoder: Any) -> tuple[Any, int, int]:
        from datasets import Dataset

        from vitrina.policy.rl_config import OwnDpo, offline

        settings, plan = self.settings, self.plan
        held = {group for group, fold in self.prompts.groups.items() if fold == "held_out"}
        # What the judge learned from is not optimised, or its word would say nothing
        held |= set(self.judges.judge.trained_groups())
        lines, dropped = [], 0
        for row in (row for row in self.examples.pairs if row.group not in held):
            (chosen, cut), (rejected, cut_too) = encoder.answered(row.chosen), encoder.answered(row.rejected)
            if cut or cut_too:
                dropped += 1
                continue
            lines.append({"prompt_ids": encoder.asked(row.prompt), "chosen_ids": chosen, "rejected_ids": rejected})
        if not lines:
            raise PermanentError("DPO learns from decided pairs, and no pair is short enough.")
        taken = ordered(lines, settings.steps * settings.prompts, plan.seed)
        tokens = sum(2 * len(x["prompt_ids"]) + len(x["chosen_ids"]) + len(x["rejected_ids"]) for x in taken)
        args = offline(settings, self.work / "checkpoints", plan.seed, pretrained=self.pretrained)
        return OwnDpo(args=args, train_dataset=Dataset.from_list(taken), **common), dropped, tokens

    def _telling(self) -> Progress:
        """Figures of steps are kept too: a resumed run goes on with the curve of the one before."""

        def tell(stage: str, figures: Mapping[str, Any]) -> None:
            if stage == "step":
                curve = [past for past in self._history() if past["step"] < figures["step"]]
                path = self.work / "curve.json"
                path.with_suffix(".new").write_text(json.dumps([*curve, dict(figures)]), encoding="utf-8")
                path.with_suffix(".new").replace(path)
            self.progress(stage, figures)

        return tell

    def _history(self) -> list[dict[str, Any]]:
        path = self.work / "curve.json"
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return found


def _keep(
    plan: PolicyPlan,
    name: str,
    sft: Mapping[str, Any],
    judges: Judges,
    prompts: Prompts,
    examples: Examples,
    partial: Path,
    learned: _Learned,
    settings: Mapping[str, Any],
) -> None:
    target = partial / storage.FOLDER
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(partial / _WORK / "last", target)
    described = {
        "kind": str(storage.WriterKind.POLICY),
        "contract": storage.CONTRACT,
        "algorithm": str(plan.algorithm),
        "base": sft["base"],
        "dataset_version": plan.notes.get("dataset_version", ""),
        "sft_model_id": sft["model_id"],
        "reward_model_id": judges.reward.model_id,
        "judge_model_id": judges.judge.model_id,
        "judge_origin": judges.origin,
        "plan": name,
        "seed": plan.seed,
        "settings": dict(settings),
        "answer_length": learned.answer_length,
        "data": {
            **examples.described(),
            "data_version": data_version(examples.pairs),
            "prompts": len(prompts.train),
            "held_out": len(prompts.held),
            "leaked": prompts.leaked,
            "over_long": learned.over_long,
        },
        "history": learned.history,
        "speed": dict(learned.speed),
        "notes": dict(plan.notes),
        "code": storage.code(),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    storage.keep(partial, plan.out, described, cards.written(described), prompts.groups)
