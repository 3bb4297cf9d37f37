"""Chat with a causal language model: several requests in one batch, each with its own settings and end.

Belongs here: the one call of ``generate`` and what hangs on it. Stays out: the state of a request (``rows``), the
thread (``batching``).
"""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from vitrina.llm.jsonl.schemas import BadSchema, answer_schema
from vitrina.llm.service.chat import Piece
from vitrina.llm.service.local.batching import Worker
from vitrina.llm.service.local.loading import LoadedModel, context_of
from vitrina.llm.service.local.rows import Row, chat_messages
from vitrina.llm.service.local.specs import ModelSpec
from vitrina.llm.service.wire import ApiError, ChatCall

#: What a sampled answer would need of the model's own settings is taken from the request instead.
_OFF = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None, "min_p": None, "typical_p": None,
        "max_length": None, "num_beams": 1}  # fmt: skip


class CausalChat:
    """A :class:`vitrina.llm.service.chat.ChatModel` with weights of its own."""

    def __init__(self, spec: ModelSpec) -> None:
        self.name = spec.name
        self._spec = spec
        self._model = LoadedModel(spec)
        self._worker: Worker[Row] = Worker(spec.name, self._work, max_batch=spec.max_batch)

    async def answer(self, call: ChatCall) -> AsyncGenerator[Piece, None]:
        """See :class:`vitrina.llm.service.chat.ChatModel`; the last piece says whether a schema was kept.

        Raises:
            ApiError: A request that this model cannot answer, or a model that cannot be loaded.
        """
        if call.body.get("tools"):
            raise ApiError(400, "Local models of this service call no tools.", "unsupported")
        chat_messages(call)
        try:
            schema = answer_schema(call.schema) if call.schema else None
        except BadSchema as error:
            raise ApiError(400, f"The JSON schema cannot be used: {error}.", "invalid_request") from error
        row = Row(call, schema)
        self._worker.put(row)
        try:
            while True:
                piece = await row.pieces.get()
                if isinstance(piece, Exception):
                    raise piece
                yield piece
                if piece.finish is not None:
                    return
        finally:
            row.give_up()

    def _work(self, rows: Sequence[Row]) -> None:
        tokenizer, model = self._model.get()
        context = context_of(self._spec, tokenizer, model)
        ready = []
        for row in rows:
            try:
                row.prepare(tokenizer, context=context, most=self._spec.max_tokens)
                ready.append(row)
            except ApiError as error:
                row.fail(error)
        if ready:
            _generate(tokenizer, model, ready)


def _generate(tokenizer: Any, model: Any, rows: Sequence[Row]) -> None:
    from transformers import LogitsProcessorList, StoppingCriteriaList

    padded = tokenizer.pad({"input_ids": [row.prompt for row in rows]}, padding_side="left", return_tensors="pt")
    config = copy.deepcopy(model.generation_config)
    for name, value in _OFF.items():
        setattr(config, name, value)
    config.pad_token_id = tokenizer.pad_token_id
    config.max_new_tokens = max(row.limit for row in rows)
    ends = config.eos_token_id if config.eos_token_id is not None else tokenizer.eos_token_id
    config.eos_token_id = ends
    stops = set(ends) if isinstance(ends, list) else {ends}
    model.generate(
        **padded.to(model.device),
        generation_config=config,
        logits_processor=LogitsProcessorList([_sampler(rows, model.device)]),
        stopping_criteria=StoppingCriteriaList([_follower(rows, tokenizer, stops)]),
    )
    for row in rows:
        row.finish("length")


def _sampler(rows: Sequence[Row], device: Any) -> Callable[[Any, Any], Any]:
    """Chooses each row's next token by its own temperature, top_p and seed; generate then takes what it chose."""
    import torch

    generators = [torch.Generator(device=device) for _ in rows]
    for row, generator in zip(rows, generators, strict=True):
        if row.call.seed is None:
            generator.seed()
        else:
            generator.manual_seed(row.call.seed % 2**63)

    def choose(_: Any, scores: Any) -> Any:
        for place, row in enumerate(rows):
            if row.done or row.call.temperature == 0 or row.call.top_p == 0:
                continue
            shares = torch.softmax(scores[place].float() / max(row.call.temperature, 1e-3), dim=-1)
            if row.call.top_p < 1:
                ordered, tokens = shares.sort(descending=True)
                ordered[ordered.cumsum(dim=-1) - ordered >= row.call.top_p] = 0.0
                shares = torch.zeros_like(shares).scatter(0, tokens, ordered)
            token = torch.multinomial(shares, 1, generator=generators[place])
            scores[place] = torch.full_like(scores[place], float("-inf")).scatter(0, token, 0.0)
        return scores

    return choose


def _follower(rows: Sequence[Row], tokenizer: Any, stops: set[int]) -> Callable[..., Any]:
    """Hands each new token on as text, and says which rows are at their end. Called once a step."""
    import torch
    from transformers import TextStreamer

    class Text(TextStreamer):
        def __init__(self, row: Row) -> None:
            super().__init__(tokenizer, skip_prompt=False, skip_special_tokens=True)
            self.row = row

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002
            if text:
                self.row.push(text)

    texts = [Text(row) for row in rows]

    def follow(ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG001
        for row, text, token in zip(rows, texts, ids[:, -1].tolist(), strict=True):
            if row.done:
                continue
            if row.given_up:
                row.done = True
                continue
            row.tokens += 1
            if token not in stops:
                text.put(torch.tensor([token]))
            if token in stops or row.tokens >= row.limit:
                text.end()
                row.finish("stop" if token in stops else "length")
        return torch.tensor([row.done for row in rows], device=ids.device)

    return follow
