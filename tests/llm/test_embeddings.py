"""Vectors in batches: limits of servers, base64, and what is split."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.llm_server import RunningServer
from vitrina.llm.embeddings import EmbeddingError, split
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import Outcome
from vitrina.llm.transport import Reply
from vitrina.llm.wire import read_embeddings


def vectors(gateway: Gateway, texts: list[str]) -> list[list[float]]:
    found: list[list[float]] = []
    for batch in gateway.embed(texts):
        assert batch.start == len(found)
        found += batch.vectors
    return found


def test_a_server_that_takes_fewer_texts_gets_smaller_batches_and_is_not_asked_too_much_again(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    texts = [f"text {i}" for i in range(400)]
    whole = vectors(gateway(embedding_model="e", concurrency=1), texts)
    llm_server.reset(most_texts=20)
    ledger = MemoryLedger()
    assert vectors(gateway(ledger, embedding_model="e", concurrency=1, embedding_batch=100), texts) == whole
    refused = [row for row in ledger.attempts if row.http_status == 413]
    assert len(refused) < 12
    assert sum(row.answered for row in ledger.attempts) == len(ledger.attempts) - len(refused)


def test_one_text_that_is_too_long_is_cut_and_named_and_the_others_are_not_sent_one_by_one(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    llm_server.reset(longest_text=1_000)
    texts = [f"text {i}" for i in range(64)]
    texts[13] = "long " * 500
    ledger = MemoryLedger()
    batches = list(gateway(ledger, embedding_model="e", concurrency=1, embedding_batch=32).embed(texts))
    assert [len(batch.vectors) for batch in batches] == [32, 32]
    assert [batch.cut for batch in batches] == [(13,), ()]
    assert len(ledger.attempts) < 20


def test_a_text_longer_than_any_model_takes_is_cut_before_it_is_sent(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    (batch,) = gateway(embedding_model="e").embed(["short", "word " * 40_000])
    assert batch.cut == (1,)


def test_a_refusal_for_another_reason_is_not_split(gateway: Callable[..., Gateway], llm_server: RunningServer) -> None:
    llm_server.reset(status=400, error="this model is no embedding model")
    with pytest.raises(EmbeddingError):
        vectors(gateway(embedding_model="e"), ["a", "b", "c"])
    assert llm_server.stats()["requests"] == 1


def test_openai_is_asked_for_base64_and_either_form_is_read(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    plain = vectors(gateway(embedding_model="e"), ["a", "b"])
    ledger = MemoryLedger()
    assert vectors(gateway(ledger, embedding_model="e", dialect="openai"), ["a", "b"]) == plain
    assert json.loads(ledger.attempts[0].request_body or b"{}")["encoding_format"] == "base64"
    assert isinstance(json.loads(ledger.attempts[0].reply_body or b"{}")["data"][0]["embedding"], str)
    # What stands in the ledger as base64 is found by a gateway that would ask for numbers.
    llm_server.reset(takes_base64=False)
    assert vectors(gateway(ledger, embedding_model="e"), ["a", "b"]) == plain
    assert llm_server.stats()["requests"] == 0
    assert vectors(gateway(embedding_model="e", dialect="openai"), ["a", "b"]) == plain


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_base64_vectors_are_read_bit_by_bit(values: list[float]) -> None:
    packed = base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
    reading = read_embeddings(Reply(200, {}, json.dumps({"data": [{"index": 0, "embedding": packed}]}).encode()), 1)
    if reading.outcome is Outcome.OK:  # sums beyond all floats are refused with the infinite ones
        assert reading.data is not None
        assert reading.data["data"][0]["embedding"] == values


@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda raw: base64.b64encode(raw).decode()))
def test_no_packed_vector_trips_the_reader(packed: str) -> None:
    read_embeddings(Reply(200, {}, json.dumps({"data": [{"index": 0, "embedding": packed}]}).encode()), 1)


@given(st.lists(st.text(max_size=40), max_size=60), st.integers(1, 10))
def test_batches_hold_every_text_once_and_in_order(texts: list[str], size: int) -> None:
    batches = list(split(texts, size))
    assert [text or " " for text in texts] == [text for _, batch in batches for text in batch]
    assert all(len(batch) <= size for _, batch in batches)
    assert all(start == sum(len(batch) for _, batch in batches[:at]) for at, (start, _) in enumerate(batches))
