"""Local transformers models: tiny random weights, the whole way from a file to the official client."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.llm import tiny_models
from tests.llm.service_server import serving
from vitrina.config import Settings
from vitrina.llm.service.wiring import build_service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
        reason="torch and transformers are not installed (make train-env)",
    ),
]

ASKED: list[Any] = [{"role": "user", "content": "Платье летнее красное"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    os.environ["HF_HUB_OFFLINE"] = "1"
    torch.set_num_threads(1)  # on busy cores two threads wait for each other: 8 times the processor time
    root = tmp_path_factory.mktemp("models")
    for name, make in (("chat", tiny_models.chat_model), ("encoder", tiny_models.encoder)):
        (root / name).mkdir()
        make(root / name)
    (root / "empty").mkdir()
    return root


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    models = {
        "tiny": {"path": str(folder / "chat"), "max_tokens": 200},
        "vectors": {"path": str(folder / "encoder"), "kind": "embedding", "max_batch": 4},
        "broken": str(folder / "empty"),
    }
    with serving(build_service(settings=Settings(serve_models=json.dumps(models)))) as found:  # type: ignore[call-arg]
        yield found


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0, timeout=200) as one:
        yield one


def say(client: openai.OpenAI, **values: Any) -> Any:
    return client.chat.completions.create(**{"model": "tiny", "messages": ASKED, "max_tokens": 24, **values})


def text(reply: Any) -> str:
    return str(reply.choices[0].message.content)


def test_greedy_answers_are_the_same_alone_and_in_company(client: openai.OpenAI) -> None:
    alone = say(client, temperature=0)
    assert alone.usage.completion_tokens == 24
    assert alone.choices[0].finish_reason == "length"
    longer = [{"role": "system", "content": "Кратко. " * 5}, *ASKED]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda n: say(client, temperature=0, messages=ASKED if n % 2 else longer), range(6)))
    assert {text(reply) for reply in together[1::2]} == {text(alone)}
    assert len({text(reply) for reply in together[::2]}) == 1


def test_a_seed_repeats_an_answer_and_rows_keep_their_own_settings(client: openai.OpenAI) -> None:
    with ThreadPoolExecutor(4) as pool:
        first, second, short, other = pool.map(
            lambda values: say(client, temperature=1.5, **values),
            [{"seed": 7}, {"seed": 7}, {"seed": 7, "max_tokens": 5}, {"seed": 8}],
        )
    assert text(first) == text(second) != text(other)
    assert short.usage.completion_tokens == 5
    assert say(client, temperature=0, top_p=0.5).choices[0].message.content == text(say(client, temperature=0))


def test_a_stream_is_the_whole_answer_in_pieces(client: openai.OpenAI) -> None:
    whole = text(say(client, temperature=0, max_tokens=60))
    chunks = list(say(client, temperature=0, max_tokens=60, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[-1].usage.completion_tokens == 60


def test_an_answer_ends_before_its_stop_text(client: openai.OpenAI) -> None:
    whole = text(say(client, temperature=0, max_tokens=60))
    stop = whole[len(whole) // 2 : len(whole) // 2 + 2]
    for stream in (False, True):
        reply = say(client, temperature=0, max_tokens=60, stop=[stop, "никогда"], stream=stream)
        got = "".join(c.choices[0].delta.content or "" for c in reply) if stream else text(reply)
        assert got == whole[: whole.index(stop)]
    assert say(client, temperature=0, max_tokens=60, stop=stop).choices[0].finish_reason == "stop"


def test_a_prompt_that_does_not_fit_and_what_is_not_done_are_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="this model takes 256") as long:
        say(client, messages=[{"role": "user", "content": "слово " * 300}])
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="no pictures"):
        say(client, messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}])
    with pytest.raises(openai.BadRequestError, match="tools"):
        say(client, tools=[{"type": "function", "function": {"name": "f"}}])
    assert (
        say(client, messages=[{"role": "user", "content": [{"type": "text", "text": "да"}]}]).usage.prompt_tokens < 30
    )


def test_a_schema_is_asked_for_and_whether_it_was_kept_is_said(client: openai.OpenAI) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "goods", "schema": {"type": "object", "required": ["a"]}}}
    reply = say(client, response_format=form, max_tokens=5, temperature=0)
    assert reply.schema_valid is False  # random weights write no JSON
    assert reply.usage.prompt_tokens > say(client, max_tokens=5).usage.prompt_tokens
    with pytest.raises(openai.BadRequestError, match="schema cannot be used"):
        say(client, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "no"}}})


def test_a_model_that_cannot_be_loaded_is_told_and_the_others_go_on(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError, match="'broken' cannot be loaded"):
        say(client, model="broken")
    assert say(client, temperature=0).choices[0].finish_reason == "length"  # a drawn word may be the last one


def test_vectors_have_length_one_and_do_not_depend_on_their_company(client: openai.OpenAI) -> None:
    texts = [f"Платье {'летнее ' * (n % 5)}{n}" for n in range(11)]
    together = [row.embedding for row in client.embeddings.create(model="vectors", input=texts).data]
    alone = client.embeddings.create(model="vectors", input=texts[7]).data[0].embedding
    assert len(alone) == 32
    assert math.isclose(sum(x * x for x in alone), 1.0, rel_tol=1e-4)
    assert max(abs(a - b) for a, b in zip(together[7], alone, strict=True)) < 1e-4
    assert [model.id for model in client.models.list()][:4] == ["vitrina-offline", "tiny", "broken", "vectors"]
    with pytest.raises(openai.NotFoundError):
        say(client, model="vectors")


def test_a_client_that_goes_away_gives_the_model_to_the_next(client: openai.OpenAI) -> None:
    stream = say(client, max_tokens=200, temperature=1.0, stream=True)
    next(iter(stream))
    stream.close()
    began = time.monotonic()
    threads = [threading.Thread(target=lambda: say(client, max_tokens=3)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
        assert not thread.is_alive()
    assert time.monotonic() - began < 200
