"""Vectors of texts from an encoder.

Belongs here: batches of texts, pooling. Stays out: the wire format.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from vitrina.llm.service.local.batching import Worker
from vitrina.llm.service.local.loading import LoadedModel, context_of
from vitrina.llm.service.local.specs import ModelSpec


class _Texts:
    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.vectors: Future[list[list[float]]] = Future()

    @property
    def given_up(self) -> bool:
        return self.vectors.cancelled()

    def fail(self, error: Exception) -> None:
        self.vectors.set_exception(error)


class Encoder:
    """Embeds texts; vectors have length 1, so that their dot product is the cosine."""

    def __init__(self, spec: ModelSpec) -> None:
        self.name = spec.name
        self._spec = spec
        self._model = LoadedModel(spec)
        self._worker: Worker[_Texts] = Worker(
            spec.name, self._work, max_batch=spec.max_batch, weight=lambda ticket: len(ticket.texts)
        )

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Vectors in the order of the texts. Blocks; call it in a thread.

        Raises:
            ApiError: The model cannot be loaded.
        """
        ticket = _Texts(texts)
        self._worker.put(ticket)
        return ticket.vectors.result()

    def _work(self, tickets: Sequence[_Texts]) -> None:
        texts = [self._spec.prefix + text for ticket in tickets for text in ticket.texts]
        # Of one length in a batch: padding costs as much as text does.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors: list[list[float]] = [[] for _ in texts]
        for start in range(0, len(order), self._spec.max_batch):
            places = order[start : start + self._spec.max_batch]
            for place, vector in zip(places, self._forward([texts[place] for place in places]), strict=True):
                vectors[place] = vector
        begin = 0
        for ticket in tickets:
            ticket.vectors.set_result(vectors[begin : begin + len(ticket.texts)])
            begin += len(ticket.texts)

    def _forward(self, texts: list[str]) -> list[list[float]]:
        tokenizer, model = self._model.get()
        import torch

        limit = context_of(self._spec, tokenizer, model)
        batch = tokenizer(
            texts, padding=True, truncation=True, max_length=limit, return_tensors="pt", padding_side="right"
        ).to(model.device)
        with torch.inference_mode():
            hidden = model(**batch).last_hidden_state.float()
        pooled: Any = _pooled(hidden, batch["attention_mask"], self._spec.pooling)
        rows: list[list[float]] = torch.nn.functional.normalize(pooled, dim=-1).cpu().tolist()
        return rows


def _pooled(hidden: Any, mask: Any, pooling: str) -> Any:
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "last":
        last = mask.sum(dim=1).clamp(min=1) - 1
        return hidden[range(len(hidden)), last]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
