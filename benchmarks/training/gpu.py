"""SFT, reward model and RLOO from configuration, at a size that fills the GPU, beside the plain TRL script.

    python -m benchmarks.training.gpu            # on the first GPU; without one, tiny sizes, said as such
    python -m benchmarks.training.gpu --tiny --json

What is reported: tokens a second without padding, the share of the device's arithmetic (MFU), peak memory, and the
ratio to TRL's trainer at its own defaults on the same texts, model and batch, in the same run. Texts are made up: what
is learned from them says nothing, and figures of a processor say that this script works, and nothing else.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vitrina.policy.settings import PolicySettings, SftSettings
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.reward.transformer.training import quiet_environment


@dataclass(frozen=True, slots=True)
class Size:
    """Of the models and of the work."""

    width: int
    layers: int
    heads: int
    pairs: int
    words: int
    answer: int
    batch: int
    prompts: int
    steps: int


TINY = Size(width=32, layers=1, heads=2, pairs=260, words=8, answer=48, batch=16, prompts=4, steps=2)
#: Weights, gradients and both moments of Adam in single precision.
_BYTES_A_WEIGHT = 16
#: Of the memory, for these; activations of a batch take most of the rest.
_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Row:
    """What one training came to. ``ratio``: tokens a second of ours over those of the plain script."""

    what: str
    device: str
    parameters: int
    tokens_per_second: float | None
    mfu: float | None
    peak_memory_bytes: int | None
    plain_tokens_per_second: float
    plain_peak_memory_bytes: int | None
    ratio: float | None


def filling(memory: int) -> Size:
    """The largest of some sizes whose weights and optimiser leave room for a batch."""
    fitting = [
        width for width in (1_024, 1_536, 2_048, 2_560) if weights(width, 24) * _BYTES_A_WEIGHT < _SHARE * memory
    ]
    width = fitting[-1] if fitting else 512
    return Size(
        width=width, layers=24, heads=width // 128, pairs=4_000, words=120, answer=512, batch=64, prompts=64, steps=20
    )


def weights(width: int, layers: int) -> int:
    """Of a small Qwen3 from configuration, without embeddings: attention 4 w², the gated layers 9 w²."""
    return layers * 13 * width * width


def written(folder: Path, size: Size) -> Path:
    """Pairs of made-up texts: of two answers the one with more words of the good half is preferred."""
    rng = random.Random(0)
    syllables = [a + b for a in "бвгдзклмнпрст" for b in "аеиоу"]
    known = ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(2_000)]
    lines: list[dict[str, object]] = []
    while len(lines) < size.pairs:
        texts = [rng.choices(known, k=rng.randint(size.words // 2, size.words)) for _ in range(2)]
        worth = [sum(word < "м" for word in text) / len(text) for text in texts]
        if worth[0] == worth[1]:
            continue
        a, b = (" ".join(text).capitalize() + "." for text in texts)
        prompt = f"Товар {len(lines)}: {' '.join(rng.choices(known, k=8))}"
        better = "a" if worth[0] > worth[1] else "b"
        lines.append({"id": len(lines), "prompt": prompt, "response_a": a, "response_b": b, "preferred": better})
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def measured(size: Size, folder: Path) -> Iterator[Row]:
    """One row after the other; memory is given back between them."""
    path = written(folder, size)
    for make in (_sft, _reward, _rloo):
        yield make(size, path, folder)
        _give_back()


def _sft(size: Size, path: Path, folder: Path) -> Row:
    from trl import SFTConfig, SFTTrainer

    from vitrina.policy.building import build
    from vitrina.policy.examples import read_examples
    from vitrina.policy.sft import SftPlan, train

    settings = SftSettings(
        width=size.width, layers=size.layers, heads=size.heads, batch=size.batch, epochs=1, answer_length=size.answer
    )
    examples = read_examples([path])
    manifest = train(examples, SftPlan(folder / "sft", settings=settings))
    _give_back()
    model, encoder = build(settings, [text for row in examples.rows for text in (row.prompt, row.chosen)], 0)
    lines = []
    for row in examples.rows:
        asked, said = encoder.asked(row.prompt), encoder.answered(row.chosen)[0]
        lines.append({"input_ids": asked + said, "completion_mask": [0] * len(asked) + [1] * len(said)})
    tokens = sum(len(line["input_ids"]) for line in lines)
    args = _common(SFTConfig, folder, size.batch, num_train_epochs=1)
    timed = _timed(SFTTrainer, model, args, lines, processing_class=encoder.tokenizer)
    return _row("sft", model, manifest["speed"], tokens / timed.seconds, timed.memory)


def _reward(size: Size, path: Path, folder: Path) -> Row:
    from trl import RewardConfig, RewardTrainer

    from vitrina.preferences.formats import load
    from vitrina.reward.fitting import Plan, train
    from vitrina.reward.models import ModelKind
    from vitrina.reward.transformer.building import build

    settings = TransformerSettings(
        width=size.width, layers=size.layers, heads=size.heads, batch=size.batch, epochs=1, max_length=640
    )
    loaded = load([path])
    trained = train(loaded, Plan(folder / "reward", ModelKind.TRANSFORMER, transformer=settings))
    speed = trained.manifest["parts"]["transformer"]["speed"]
    del trained
    _give_back()
    rows = loaded.decided
    model, encoder = build(settings, rows, 0)
    tokens = sum(len(encoder.encode(row.prompt, side)[0]) for row in rows for side in (row.chosen, row.rejected))
    lines = [{"chosen": f"{row.prompt}\n{row.chosen}", "rejected": f"{row.prompt}\n{row.rejected}"} for row in rows]
    args = _common(RewardConfig, folder, size.batch, num_train_epochs=1)
    timed = _timed(RewardTrainer, model, args, lines, processing_class=encoder.tokenizer)
    return _row("reward model", model, speed, tokens / timed.seconds, timed.memory)


def _rloo(size: Size, path: Path, folder: Path) -> Row:
    from trl import RLOOConfig, RLOOTrainer

    from vitrina.policy import storage
    from vitrina.policy.building import opened
    from vitrina.policy.examples import read_examples
    from vitrina.policy.optimising import PolicyPlan, train
    from vitrina.policy.rl_config import reward_function

    settings = PolicySettings(steps=size.steps, prompts=size.prompts, outside=0)
    examples = read_examples([path])
    manifest, judges, prompts = train(examples, None, PolicyPlan(folder / "policy", folder / "sft", settings=settings))
    _give_back()
    model, encoder = opened(folder / "sft" / storage.FOLDER)
    args = _common(
        RLOOConfig, folder, size.prompts * settings.generations, max_steps=size.steps,
        num_generations=settings.generations, max_completion_length=encoder.answer_length,
        beta=manifest["settings"]["beta"],
    )  # fmt: skip
    lines = [{"prompt": prompt} for prompt in prompts.train]
    judge = reward_function(judges.reward)
    timed = _timed(RLOOTrainer, model, args, lines, processing_class=encoder.tokenizer, reward_funcs=judge)
    return _row("rloo", model, manifest["speed"], timed.tokens / timed.seconds, timed.memory)


@dataclass(slots=True)
class _Timed:
    seconds: float
    tokens: int
    memory: int | None


def _common(kind: Callable[..., Any], folder: Path, batch: int, **more: Any) -> Any:
    """TRL's own defaults, but for what would write, tell or use another device."""
    import torch

    from vitrina.reward.transformer.trainer import can_bf16

    return kind(
        output_dir=str(folder / "plain"), per_device_train_batch_size=batch, bf16=can_bf16(), report_to="none",
        save_strategy="no", logging_steps=10, disable_tqdm=True, use_cpu=not torch.cuda.is_available(), **more,
    )  # fmt: skip


def _timed(kind: Callable[..., Any], model: Any, args: Any, lines: list[dict[str, Any]], **more: Any) -> _Timed:
    """Steps alone, as the clock of ours counts them."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from transformers.trainer_callback import PrinterCallback

    from vitrina.reward.transformer import hardware

    class Clock(TrainerCallback):
        seconds, began = 0.0, 0.0

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            hardware.begin_measuring()

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.monotonic()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            hardware.wait()
            self.seconds += time.monotonic() - self.began

    clock = Clock()
    trainer = kind(model=model, args=args, train_dataset=Dataset.from_list(lines), callbacks=[clock], **more)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return _Timed(clock.seconds, int(trainer.state.num_input_tokens_seen), hardware.peak_memory())


def _row(what: str, model: Any, speed: dict[str, Any], plain: float, memory: int | None) -> Row:
    own = speed["tokens_per_second"]
    return Row(
        what=what,
        device=speed["device"],
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        tokens_per_second=own,
        mfu=speed["mfu"],
        peak_memory_bytes=speed["peak_memory_bytes"],
        plain_tokens_per_second=round(plain, 1),
        plain_peak_memory_bytes=memory,
        ratio=round(own / plain, 3) if own and plain else None,
    )


def _give_back() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def main(words: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.gpu", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--tiny", action="store_true", help="sizes of a processor, to try this script itself")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    options = parser.parse_args(words)
    quiet_environment()
    import torch

    from vitrina.reward.transformer.trainer import silence

    silence()
    gpu = torch.cuda.is_available()
    size = TINY if options.tiny or not gpu else filling(torch.cuda.get_device_properties(0).total_memory)
    if not gpu:
        sys.stderr.write("There is no GPU here: sizes are tiny, and figures say only that this script works.\n")
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(size, Path(folder)):
            sys.stdout.write((json.dumps(asdict(row)) if options.json else _line(row)) + "\n")
            sys.stdout.flush()
    return 0


def _line(row: Row) -> str:
    share = "not known" if row.mfu is None else f"{row.mfu:.1%}"
    memory = "" if row.peak_memory_bytes is None else f", {row.peak_memory_bytes / 1e9:.1f} GB at its peak"
    return (
        f"{row.what}: {row.parameters / 1e6:,.1f}M weights on {row.device}, {row.tokens_per_second:,.0f} tokens/s, MFU "
        f"{share}{memory}; {row.ratio} of the plain script"
    )


if __name__ == "__main__":
    sys.exit(main())
