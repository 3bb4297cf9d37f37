"""Writing with a trained model.

What belongs here: prompts to texts, the same call the same texts; how likely a model finds ids. What stays out:
training; prompts of the platform and what becomes of a text. Imported only by processes that may import torch.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vitrina.errors import PermanentError
from vitrina.policy import storage
from vitrina.policy.building import opened
from vitrina.policy.encoding import WriterEncoder
from vitrina.policy.texts import Written
from vitrina.reward.models import require_torch
from vitrina.reward.pairs import Floats

__all__ = ["PolicyWriter", "Written", "open_writer"]
#: Texts that are written at once.
_BATCH = 64
#: Tokens, padding too, whose likelihood is computed at once.
_BATCH_TOKENS = 16_384
#: The random stream of torch belongs to the process: one writes at a time.
_STREAM = threading.Lock()


class PolicyWriter:
    """A model that writes.

    Attributes:
        manifest: What it was made from; empty for a model in training.
    """

    def __init__(self, model: Any, encoder: WriterEncoder, manifest: Mapping[str, Any] | None = None) -> None:
        self.model, self.encoder, self.manifest = model, encoder, manifest or {}

    @property
    def model_id(self) -> str:
        """Hash of the weights."""
        return str(self.manifest.get("model_id", ""))

    def write(
        self,
        prompts: Sequence[str],
        *,
        samples: int = 1,
        temperature: float = 1.0,
        seed: int = 0,
        max_new_tokens: int | None = None,
    ) -> list[list[Written]]:
        """For each prompt `samples` texts. The same call gives the same texts; threads wait for each other.

        Args:
            temperature: 0 writes the likeliest token each time.
            max_new_tokens: At most what the model was trained for; that when None.

        Raises:
            PermanentError: no samples, a negative temperature, or no tokens are asked for.
        """
        if samples < 1 or temperature < 0 or (max_new_tokens is not None and max_new_tokens < 1):
            raise PermanentError(
                f"{samples} samples at temperature {temperature} with {max_new_tokens} tokens cannot be written."
            )
        most = min(max_new_tokens or self.encoder.answer_length, self.encoder.answer_length)
        asked = [self.encoder.asked(prompt) for prompt in prompts]
        # Prompts of like length together, each as often as it is to be answered
        order = sorted(range(len(asked)), key=lambda place: (len(asked[place]), place))
        places = [place for place in order for _ in range(samples)]
        found: list[list[Written]] = [[] for _ in prompts]
        devices = [self.model.device] if self.model.device.type == "cuda" else []
        training = self.model.training
        self.model.eval()
        try:
            with _STREAM, torch.random.fork_rng(devices=devices), torch.inference_mode():
                torch.manual_seed(seed)
                for start in range(0, len(places), _BATCH):
                    batch = places[start : start + _BATCH]
                    lines = self._batch([asked[place] for place in batch], temperature, most)
                    for place, written in zip(batch, lines, strict=True):
                        found[place].append(written)
        finally:
            self.model.train(training)
        return found

    def _batch(self, asked: Sequence[Sequence[int]], temperature: float, most: int) -> list[Written]:
        from transformers import GenerationConfig

        pad, end = self.encoder.tokenizer.pad_token_id, self.encoder.tokenizer.eos_token_id
        ids, mask = self._padded(asked, pad, left=True)
        sampling: dict[str, Any] = {"do_sample": False}
        if temperature > 0:
            sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        config = GenerationConfig(max_new_tokens=most, pad_token_id=pad, eos_token_id=end, use_cache=True, **sampling)
        written = self.model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
        return [self._read(line) for line in written[:, ids.shape[1] :].tolist()]

    def _read(self, line: list[int]) -> Written:
        end = self.encoder.tokenizer.eos_token_id
        ended = end in line
        said = line[: line.index(end)] if ended else line
        return Written(self.encoder.read(said), ended, tuple(said) + ((end,) if ended else ()))

    def likelihoods(self, prompts: Sequence[str], answers: Sequence[Sequence[int]]) -> list[Floats]:
        """For each answer the natural logarithms of the probabilities of its ids, each after all before it."""
        asked = [self.encoder.asked(prompt) for prompt in prompts]
        rows = [[*before, *said] for before, said in zip(asked, answers, strict=True)]
        order = sorted(range(len(rows)), key=lambda place: (len(rows[place]), place))
        found: list[Floats] = [np.zeros(0)] * len(rows)
        training = self.model.training
        self.model.eval()
        start = 0
        with torch.inference_mode():
            while start < len(order):
                stop = start + 1
                while stop < len(order) and len(rows[order[stop]]) * (stop - start + 1) <= _BATCH_TOKENS // 4:
                    stop += 1
                places = order[start:stop]
                ids, mask = self._padded([rows[place] for place in places], self.encoder.tokenizer.pad_token_id)
                logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
                chosen = torch.log_softmax(logits, dim=-1).gather(-1, ids[:, 1:, None]).squeeze(-1).cpu().numpy()
                for line, place in enumerate(places):
                    first = len(asked[place]) - 1
                    found[place] = chosen[line, first : first + len(answers[place])].astype(float)
                start = stop
        self.model.train(training)
        return found

    def _padded(self, rows: Sequence[Sequence[int]], pad: int, *, left: bool = False) -> tuple[Any, Any]:
        width = max(map(len, rows))
        ids = torch.full((len(rows), width), pad, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for line, row in enumerate(rows):
            place = slice(width - len(row), width) if left else slice(0, len(row))
            ids[line, place] = torch.tensor(row, dtype=torch.long)
            mask[line, place] = 1
        return ids.to(self.model.device), mask.to(self.model.device)


def open_writer(folder: Path, *, threads: int | None = None) -> PolicyWriter:
    """A verified model that writes, from its folder.

    Args:
        threads: None leaves it to the library.

    Raises:
        PermanentError: no such model, a damaged one, or libraries that are missing.
    """
    require_torch("A model that writes", "")
    manifest = storage.read(folder)
    if threads:
        torch.set_num_threads(threads)
    gpu = torch.cuda.is_available()
    # A small model loses more by short numbers than it gains
    model, encoder = opened(folder / storage.FOLDER, dtype="bfloat16" if gpu and manifest.get("base") else "float32")
    model.to("cuda" if gpu else "cpu")
    return PolicyWriter(model.eval(), encoder, manifest)
