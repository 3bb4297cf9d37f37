"""Scores of a transformer reward model.

What belongs here: from texts to numbers, the same for a text wherever and with whatever others it is scored. What stays
out: training.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.reward.pairs import Floats
from vitrina.reward.transformer.tokens import Encoder

#: Tokens, padding too, that are computed at once.
_BATCH_TOKENS = 16_384


class TransformerScorer:
    """A sequence classifier with one output, in single precision."""

    def __init__(self, model: Any, encoder: Encoder) -> None:
        self.model, self.encoder = model, encoder

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        """One number for each answer. An answer that is too long is judged by its beginning."""
        encoded = [self.encoder.encode(*pair)[0] for pair in zip(prompts, answers, strict=True)]
        return score_ids(self.model, encoded, self.encoder.tokenizer.pad_token_id)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> TransformerScorer:
        """Open a model folder: safetensors only, nothing is fetched and no code of it runs.

        Raises:
            OSError: files are missing.
        """
        import torch
        from transformers import AutoModelForSequenceClassification
        from transformers.utils import logging

        logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
        model.to("cuda" if torch.cuda.is_available() else "cpu")
        return cls(model.eval(), Encoder.load(folder))


def score_ids(model: Any, encoded: Sequence[Sequence[int]], pad: int) -> Floats:
    """Scores of token ids, in their order. Texts of like length are computed together; padding changes no score."""
    import torch

    order = sorted(range(len(encoded)), key=lambda place: (len(encoded[place]), place))
    found = np.zeros(len(encoded))
    training = model.training
    model.eval()
    start = 0
    with torch.inference_mode():
        while start < len(order):
            stop = start + 1
            while stop < len(order) and len(encoded[order[stop]]) * (stop - start + 1) <= _BATCH_TOKENS:
                stop += 1
            places = order[start:stop]
            width = len(encoded[places[-1]])
            ids = torch.full((len(places), width), pad, device=model.device)
            mask = torch.zeros((len(places), width), dtype=torch.long, device=model.device)
            for line, place in enumerate(places):
                size = len(encoded[place])
                ids[line, :size] = torch.tensor(encoded[place], device=model.device)
                mask[line, :size] = 1
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            found[places] = logits.squeeze(-1).float().cpu().numpy()
            start = stop
    model.train(training)
    return found
