"""The embedded model service: in process and over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import uvicorn

from tests.llm.conftest import FAST
from vitrina.llm.config import GatewayConfig
from vitrina.llm.embeddings import EmbeddingError, split
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import GatewayConfigError, Outcome
from vitrina.llm.service.app import EmbeddedService

ROOT = Path(__file__).resolve().parents[2]
PRICES = {"models": {"text-embedding-3-small": {"input_per_mtok": "0.02", "output_per_mtok": 0}}}


def echo(request):
    return json.dumps({"said": request["messages"][-1]["content"]}, ensure_ascii=False)


def broken(request):
    raise RuntimeError("a secret inside")


def picky(request):
    raise ValueError("the prompt holds no facts")


def embed(texts):
    return [[float(len(text)), 1.0] for text in texts]


def service(**values):
    return EmbeddedService({"echo": echo, "broken": broken, "picky": picky}, embed, **values)


def request(name="echo", text="Платье"):
    return ChatRequest([{"role": "user", "content": text}], "test", schema={"type": "object"}, schema_name=name)


@pytest.fixture
def served():
    """A service behind uvicorn on a free loopback port, with a token."""
    server = uvicorn.Server(uvicorn.Config(service(token="t0ken").app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def embedded():
    with Gateway(GatewayConfig(embedding_model="e", retry=FAST), MemoryLedger(), service=service().app) as gateway:
        yield gateway


def test_in_process_and_over_http_give_the_same_answer(served, embedded):
    config = GatewayConfig(base_url=served + "/v1", api_key="t0ken", model="vitrina-offline", embedding_model="e")
    with Gateway(config, MemoryLedger()) as remote:
        near, far = embedded.ask(request()), remote.ask(request())
        assert near.text == far.text == '{"said": "Платье"}'
        assert near.usage == far.usage
        assert near.model == far.model == "vitrina-offline"
        texts = [f"текст {i}" for i in range(700)]
        assert [b.vectors for b in embedded.embed(texts)] == [b.vectors for b in remote.embed(texts)]


def test_the_embedded_service_costs_a_declared_zero(embedded):
    result = embedded.ask(request())
    assert result.ok
    assert result.cost_usd == 0
    assert embedded.ledger.attempts[0].price_source == "declared free"
    assert embedded.summary()["unknown_cost_calls"] == 0


def test_an_unknown_skill_ends_at_once_and_names_the_known_ones(embedded):
    result = embedded.ask(request("poem"))
    assert (result.outcome, result.attempts) == (Outcome.PERMANENT, 1)
    assert "'poem'" in result.error
    assert "broken, echo, picky" in result.error
    assert embedded.ask(request()).ok


def test_a_request_without_a_schema_is_told_so(embedded):
    result = embedded.ask(ChatRequest([{"role": "user", "content": "hi"}], "test"))
    assert "without a JSON schema" in result.error


def test_a_skill_that_fails_is_not_tried_again_and_tells_no_secret(embedded):
    result = embedded.ask(request("broken"))
    assert (result.outcome, result.attempts) == (Outcome.SERVER, 1)
    assert "RuntimeError" in result.error
    assert "secret" not in result.error
    assert embedded.ask(request("picky")).outcome is Outcome.PERMANENT


def test_many_requests_come_back_each_to_its_own(embedded):
    results = list(embedded.run(request(text=f"товар {i}") for i in range(300)))
    assert len(results) == 300
    assert all(json.loads(r.text)["said"] == r.request.messages[0]["content"] for r in results)


def test_vectors_come_in_the_order_of_their_texts(llm_server):
    config = GatewayConfig(
        base_url=llm_server.base_url, embedding_model="text-embedding-3-small", embedding_batch=10, prices=PRICES
    )
    ledger = MemoryLedger()
    texts = [f"text {i}" for i in range(95)]
    with Gateway(config, ledger) as gateway:
        first = [vector for batch in gateway.embed(texts) for vector in batch.vectors]
        assert len(first) == 95
        one = next(iter(gateway.embed([texts[42]]))).vectors[0]
        assert first[42] == one
        calls = llm_server.stats()["requests"]
        assert [vector for batch in gateway.embed(texts) for vector in batch.vectors] == first
        assert llm_server.stats()["requests"] == calls == 11
        assert gateway.summary()["cost_usd"] > 0


def test_embeddings_survive_faults_and_say_which_texts_failed(llm_server):
    llm_server.reset(rate_429=0.2, rate_500=0.1)
    config = GatewayConfig(base_url=llm_server.base_url, embedding_model="m", embedding_batch=5, retry=FAST)
    with Gateway(config, MemoryLedger()) as gateway:
        assert sum(len(b.vectors) for b in gateway.embed(f"text {i}" for i in range(200))) == 200
        llm_server.reset(status=400)
        with pytest.raises(EmbeddingError, match="Texts 0 to 4"):
            list(gateway.embed(f"other {i}" for i in range(20)))


def test_no_embedding_model_is_a_clear_error(llm_server):
    with (
        Gateway(GatewayConfig(base_url=llm_server.base_url), MemoryLedger()) as gateway,
        pytest.raises(GatewayConfigError, match="AI_EMBEDDING_MODEL"),
    ):
        gateway.embed(["a"])


def test_batches_hold_every_text_once():
    texts = ["ж" * 200_000, "b", "", "c" * 10, *["d"] * 9]
    batches = list(split(texts, 4))
    assert [text.strip() for _, batch in batches for text in batch] == texts
    assert all(len(batch) <= 4 for _, batch in batches)
    assert [start for start, _ in batches] == [sum(len(b) for _, b in batches[:i]) for i in range(len(batches))]


def call(url, body=None, token="t0ken", raw=None):
    data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_wire_format_over_http(served):
    assert call(served + "/health")[1]["status"] == "ok"
    assert [row["id"] for row in call(served + "/v1/models")[1]["data"]] == [
        "vitrina-offline",
        "vitrina-offline-embedding",
    ]
    chat = served + "/v1/chat/completions"
    status, reply = call(chat, request().body("vitrina-offline"))
    assert status == 200
    assert reply["object"] == "chat.completion"
    assert reply["usage"]["total_tokens"] == reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
    assert call(chat, {}, token="wrong")[0] == 401
    for body in ({}, {"messages": []}, {"messages": ["x"]}, {"messages": [{}], "stream": True}, [1]):
        status, reply = call(chat, body)
        assert status == 400
        assert reply["error"]["message"]
    assert call(chat, raw=b"{broken")[0] == 400
    vectors = served + "/v1/embeddings"
    assert call(vectors, {"input": "текст"})[1]["data"][0]["embedding"] == [5.0, 1.0]
    assert isinstance(call(vectors, {"input": ["a"], "encoding_format": "base64"})[1]["data"][0]["embedding"], str)
    for value in ([], None, [1], ["a"] * 2049):
        assert call(vectors, {"input": value})[0] == 400


def test_the_command_serves_on_loopback_with_a_token_from_the_environment():
    command = [sys.executable, "-m", "vitrina.llm.service", "--port", "0"]
    environment = {**os.environ, "VITRINA_MODEL_SERVICE_TOKEN": "abc"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        try:
            address = next(m[0] for line in process.stderr if (m := re.search(r"http://127\.0\.0\.1:\d+", line)))
            assert call(address + "/health")[1]["skills"] == ["product_card", "product_category", "product_description"]
            assert call(address + "/v1/models", token="wrong")[0] == 401
        finally:
            process.terminate()


def test_the_command_does_not_serve_other_machines_without_a_token():
    command = [sys.executable, "-m", "vitrina.llm.service", "--host", "0.0.0.0", "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200)
    assert ended.returncode == 1
    assert "VITRINA_MODEL_SERVICE_TOKEN" in ended.stderr
