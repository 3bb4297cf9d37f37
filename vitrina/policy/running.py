"""A training loop's surroundings: figures while it runs, sealed checkpoints, an end when told to.

What belongs here: what SFT and every policy algorithm share around TRL's trainers. What stays out: their settings and
data, how several processes find each other (`joining`). Needs the training group of requirements.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers.trainer_callback import PrinterCallback

from vitrina.errors import RetryableError
from vitrina.policy.joining import alone, anyone, first_alone, processes, together
from vitrina.reward.fitting import Progress
from vitrina.reward.transformer import hardware
from vitrina.reward.transformer.trainer import Callbacks
from vitrina.training import checkpoints, speed

#: Figures of TRL that are told, by their names here.
TOLD: Mapping[str, str] = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "mean_token_accuracy": "token_accuracy",
    "entropy": "entropy",
    "reward": "worth",
    "rewards/reward/mean": "reward",
    "rewards/contract/mean": "contract",
    "reward_std": "reward_std",
    "kl": "kl",
    "completions/mean_length": "length",
    "completions/clipped_ratio": "clipped",
    "frac_reward_zero_std": "groups_without_spread",
    "rewards/accuracies": "accuracy",
    "rewards/margins": "margin",
}


class Surroundings(Callbacks):
    """Callbacks of one training.

    Args:
        work: Folder of checkpoints.
        plan: What a checkpoint must belong to.
        epoch: Steps after which `judge` looks at the weights, each time.
    """

    def __init__(
        self, work: Path, plan: str, epoch: int, judge: Callable[[Any, int], None], progress: Progress
    ) -> None:
        super().__init__(work, plan, epoch, judge, progress)
        self.seconds, self.done, self.seen_before, self.seen = 0.0, 0, 0, 0
        #: Whether activations were computed again instead of kept.
        self.checkpointing = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        """Peak memory and tokens count from here."""
        self.seen_before = state.num_input_tokens_seen
        self.checkpointing = bool(args.gradient_checkpointing)
        return super().on_train_begin(args, state, control, **rest)

    def on_step_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        """The clock of steps."""
        return super().on_step_begin(args, state, control, **rest)

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        """Judge before the checkpoint of the same step; all processes stop at the same step."""
        hardware.wait()
        self.done += 1
        self.seen = state.num_input_tokens_seen - self.seen_before
        self.stopped = anyone(self.stopped)
        control = super().on_step_end(args, state, control, **rest)
        together()
        return control

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        """Sealed when every process has written its part."""
        together()
        if alone():
            control = super().on_save(args, state, control, **rest)
        together()
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> Any:  # noqa: ARG002
        """Figures of the last steps."""
        told = {own: round(float(logs[name]), 6) for name, own in TOLD.items() if name in (logs or {})}
        if told and alone():
            self.progress("step", {"step": state.global_step, "of": state.max_steps, **told})
        return control


def resumable(work: Path, plan: str, progress: Progress) -> Path | None:
    """The newest whole checkpoint of this plan; where there is none, an empty folder for a fresh start."""
    import shutil

    with first_alone():
        resume, removed = checkpoints.newest_whole(work / "checkpoints", plan=plan)
        for name, reason in removed:
            progress("checkpoint removed", {"name": name, "why": reason})
        if resume is None and alone():
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
    return resume


def trained(trainer: Any, callbacks: Surroundings, resume: Path | None, progress: Progress) -> None:
    """Run a trainer of TRL to its end.

    Raises:
        RetryableError: it was told to stop; a checkpoint is saved.
    """
    trainer.remove_callback(PrinterCallback)
    # Of names that TRL and transformers use among themselves
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    if resume is not None:
        progress("resumed", {"checkpoint": resume.name})
    with callbacks.stopping():
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if callbacks.stopped:
        raise RetryableError("The training was told to stop.", hint="Start it again: it goes on where it was.")


def speed_of(callbacks: Surroundings, model: Any, algorithm: str, tokens: int) -> dict[str, Any]:
    """Speed of the steps that this process made; those before a resume are not counted."""
    found = speed.figures(
        tokens=tokens,
        seconds=callbacks.seconds,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        algorithm=algorithm,
        device=hardware.device(),
        devices=processes(),
        memory=hardware.peak_memory(),
    )
    kernel = getattr(model.config, "_attn_implementation", None)
    return found | {"attention": kernel, "gradient_checkpointing": callbacks.checkpointing}
