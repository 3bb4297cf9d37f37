"""Dialects over HTTP: Ollama's own address, and all that an endpoint can do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.llm_server import RunningServer
from tests.llm.conftest import question
from tests.llm.test_ladder import CONTRACT, asked
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.survey import probe
from vitrina.llm.transport import Reply


@pytest.mark.parametrize("rung", ["json_schema", "tools", "json_object", "text"])
def test_ollama_answers_through_its_own_address_whatever_the_way(
    gateway: Callable[..., Gateway], llm_server: RunningServer, rung: str
) -> None:
    ledger = MemoryLedger()
    result = gateway(ledger, dialect="ollama", structured=rung).ask(asked(1, max_tokens=200), contract=CONTRACT)
    assert (result.ok, result.parsed["item"], result.usage.completion) == (True, "1", 12)
    sent = json.loads(ledger.attempts[0].request_body or b"{}")
    assert (sent["options"]["num_predict"], sent["options"]["num_ctx"], sent["truncate"]) == (200, 4096, False)
    again = gateway(ledger, dialect="compatible").ask(asked(1, max_tokens=200), contract=CONTRACT)
    assert (again.cached, again.parsed) == (True, result.parsed)


def test_an_unknown_address_that_lists_ollamas_models_is_asked_in_ollamas_format(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    llm_server.reset(owner="library")
    ledger = MemoryLedger()
    assert gateway(ledger, structured="auto").ask(asked(1), contract=CONTRACT).ok
    assert "num_ctx" in (ledger.attempts[-1].request_body or b"").decode()


def test_a_prompt_that_was_cut_in_silence_ends_by_its_name_and_is_no_answer(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    llm_server.reset(reads_tokens=2_000)
    ledger = MemoryLedger()
    long = question(1, max_tokens=100)
    long = type(long)([{"role": "user", "content": "item:1 " + "word " * 8_000}], "test", item_id="1")
    result = gateway(ledger, dialect="ollama").ask(long)
    assert (result.outcome, result.error_class, result.text) == ("permanent", "input_truncated", None)
    assert not ledger.attempts[0].answered


def survey(server: RunningServer, **values: Any) -> dict[str, Any]:
    config = GatewayConfig(**{"base_url": server.base_url, "model": "m", "embedding_model": "e", **values})
    return probe(config).as_dict()


def test_a_survey_tells_all_that_an_endpoint_can_do(llm_server: RunningServer) -> None:
    llm_server.reset(owner="vllm", rungs="json_schema,json_object,text", content="Red.", no_temperature=True)
    found = survey(llm_server, model="fake-1")
    assert (found["dialect"], found["rung"], found["tools"], found["error"]) == ("vllm", "json_schema", False, None)
    assert (found["vision"], found["sees"], found["embedding_size"], found["context_tokens"]) == (True, True, 8, 8192)
    assert (found["models"], found["usage"], found["quirks"]) == (["fake-1"], True, ["no_temperature"])
    json.dumps(found)


def test_a_survey_of_ollama_reads_the_models_context(llm_server: RunningServer) -> None:
    llm_server.reset(owner="library")
    found = survey(llm_server)
    assert (found["dialect"], found["context_tokens"], found["rung"]) == ("ollama", 40960, "json_schema")


def test_a_survey_takes_the_first_model_when_none_is_named(llm_server: RunningServer) -> None:
    assert survey(llm_server, model="")["model"] == "fake-1"


def test_a_list_of_models_without_names_names_no_model() -> None:
    class Nameless:
        async def get(self, path: str) -> Reply:
            return Reply(200, {}, b'{"data": [{"id": null}, {"id": 5}, 7]}')

        async def post(self, path: str, body: bytes) -> Reply:
            return Reply(404, {}, b'{"error": {"message": "no such model"}}')

        async def close(self) -> None:
            """Nothing is open."""

    found = probe(GatewayConfig(base_url="http://h/v1", model=""), transport=lambda _: Nameless())
    assert (found.models, found.model) == ((), "default")
    assert "no such model" in (found.error or "")


def test_a_survey_says_why_nothing_was_found_out_and_never_the_key(llm_server: RunningServer) -> None:
    llm_server.reset(status=401, echo_headers=True)
    found = survey(llm_server, api_key="sk-secret-1234")
    assert found["rung"] is None
    assert "OPENAI_API_KEY" in found["error"]
    assert "sk-secret-1234" not in json.dumps(found)
    gone = survey(llm_server, base_url="http://127.0.0.1:9/v1")
    assert "no connection" in gone["error"]
