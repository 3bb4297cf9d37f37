"""A training loop's surroundings: figures while it runs, sealed checkpoints, an end when told to.

What belongs here: what all trainings share around TRL's trainers, alone and in several processes. What stays out: their
settings and data, how several processes find each other (`joining`). Needs the training group of requirements.
"""

from __future__ import annotations

import shutil
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback

from vitrina.errors import RetryableError
from vitrina.reward.progress import Progress
from vitrina.reward.transformer import hardware
from vitrina.training import checkpoints, speed
from vitrina.training.joining import alone, anyone, first_alone, processes, together

#: Figures of TRL that are told, by their names here. Accuracies are of batches in training, not of held-out pairs.
TOLD: Mapping[str, str] = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "accuracy": "accuracy",
    "margin": "margin",
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


class Surroundings(TrainerCallback):
    """Callbacks of one training.

    Args:
        work: Folder of checkpoints.
        plan: What a checkpoint must belong to.
        epoch: Steps after which `judge` looks at the weights, each time.
        judge: Called in every process; only one of them writes.
    """

    def __init__(
        self, work: Path, plan: str, epoch: int, judge: Callable[[Any, int], None], progress: Progress
    ) -> None:
        self.work, self.plan, self.epoch, self.judge, self.progress = work, plan, epoch, judge, progress
        self.stopped = False
        #: Of steps alone, without judging and saving; how many this process made, and tokens that it has seen in them.
        self.seconds, self.made, self.seen = 0.0, 0, 0
        #: Whether activations were computed again instead of kept.
        self.checkpointing = False
        self._began, self._seen_before = 0.0, 0

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Until the block ends, SIGTERM and SIGINT ask for a checkpoint and an end at the next step.

        Only the main thread can hear signals; elsewhere nothing is changed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(_number: int, _frame: Any) -> None:
            self.stopped = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """Peak memory and tokens count from here."""
        self._seen_before = state.num_input_tokens_seen
        self.checkpointing = bool(args.gradient_checkpointing)
        hardware.begin_measuring()
        return control

    def on_step_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """The clock of a step."""
        self._began = time.monotonic()
        return control

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """The judgement comes before the checkpoint of the same step, so that a resumed run never lacks it.

        All processes stop at the same step.
        """
        hardware.wait()
        self.seconds += time.monotonic() - self._began
        self.made += 1
        self.seen = state.num_input_tokens_seen - self._seen_before
        self.stopped = anyone(self.stopped)
        if state.global_step % self.epoch == 0:
            self.judge(rest["model"], state.global_step // self.epoch)
        if self.stopped:
            control.should_save = control.should_training_stop = True
        together()
        return control

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """Seal what was just written, when every process has written its part."""
        together()
        if alone():
            checkpoints.seal(Path(args.output_dir) / f"checkpoint-{state.global_step}", plan=self.plan)
            self.progress("checkpoint", {"step": state.global_step})
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
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    found = speed.figures(
        tokens=tokens,
        seconds=callbacks.seconds,
        parameters=sum(size for size, _ in sizes),
        frozen=sum(size for size, trained in sizes if not trained),
        algorithm=algorithm,
        device=hardware.device(),
        devices=processes(),
        memory=hardware.peak_memory(),
    )
    kernel = getattr(model.config, "_attn_implementation", None)
    return found | {"attention": kernel, "gradient_checkpointing": callbacks.checkpointing}
