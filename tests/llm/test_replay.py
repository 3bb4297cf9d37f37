"""Replay mode: answers from the ledger alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.llm_server import RunningServer
from tests.llm.conftest import question
from vitrina.llm.embeddings import EmbeddingError
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import GatewayConfigError, Outcome


def test_replay_gives_what_stands_in_the_ledger_and_names_what_does_not(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    ledger = MemoryLedger()
    list(gateway(ledger).run([question(i) for i in range(5)]))
    llm_server.reset()
    replay = gateway(ledger, mode="replay")
    results = {result.request.item_id: result for result in replay.run([question(i) for i in range(7)])}
    assert [results[str(i)].cached for i in range(5)] == [True] * 5
    assert {results["5"].outcome, results["6"].outcome} == {Outcome.NOT_IN_LEDGER}
    assert "nothing is sent" in (results["6"].error or "")
    assert replay.summary()["by_outcome"] == {"not_in_ledger": 2, "ok": 5}
    assert llm_server.stats()["requests"] == 0
    assert len(ledger.attempts) == 5


def test_replay_has_no_way_to_the_network_for_vectors_either(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    ledger = MemoryLedger()
    texts = ["один", "два"]
    online = next(gateway(ledger, embedding_model="e").embed(texts))
    replay = gateway(ledger, embedding_model="e", mode="replay")
    assert next(replay.embed(texts)).vectors == online.vectors
    with pytest.raises(EmbeddingError, match="nothing is sent"):
        next(replay.embed(["три"]))


def test_a_mode_that_is_none_is_refused_with_the_names_of_those_there_are(gateway: Callable[..., Gateway]) -> None:
    with pytest.raises(GatewayConfigError) as refused:
        gateway(mode="dry")
    assert "replay" in str(refused.value.hint)
