"""The model service as the official client sees it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import openai
import pytest

from tests.llm.service_server import serving
from vitrina.llm.service.app import EmbeddedService
from vitrina.llm.service.chat import Piece
from vitrina.llm.service.wire import ApiError, ChatCall

MESSAGES: list[Any] = [{"role": "user", "content": "Платье летнее, красное"}]
FORM: Any = {"type": "json_schema", "json_schema": {"name": "echo", "schema": {"type": "object"}}}


def echo(request: dict[str, Any]) -> str:
    return json.dumps({"said": request["messages"][-1]["content"] * 5}, ensure_ascii=False)


def embed(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), 0.5] for text in texts]


class Slow:
    """A chat model that writes a word whenever it is let; ``left`` counts the clients that went away."""

    name = "slow"

    def __init__(self) -> None:
        self.left = self.asked = 0
        self.pause = 0.01
        self.words = 5

    async def answer(self, call: ChatCall) -> AsyncGenerator[Piece, None]:
        self.asked += 1
        ended = False
        try:
            for number in range(self.words):
                await asyncio.sleep(self.pause)
                if call.stop and number == 2:
                    raise ApiError(500, "it broke in the middle", "broken")
                yield Piece(f"слово{number} ")
            ended = True
            yield Piece("", "length", 3, 5)
        finally:
            self.left += not ended


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def served(slow: Slow) -> Iterator[str]:
    service = EmbeddedService({"echo": echo}, embed, token="t0ken", chat_models=[slow], queue=2, timeout_s=200)
    with serving(service) as address:
        yield address


@pytest.fixture
def client(served: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served, api_key="t0ken", max_retries=0, timeout=200) as one:
        yield one


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_models_are_listed_and_looked_up(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["vitrina-offline", "slow", "vitrina-offline-embedding"]
    assert client.models.retrieve("slow").id == "slow"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_a_chat_is_answered_whole(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="vitrina-offline", messages=MESSAGES, response_format=FORM)
    assert json.loads(reply.choices[0].message.content or "") == {"said": MESSAGES[0]["content"] * 5}
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0


def test_a_chat_is_answered_in_pieces_that_make_the_whole(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="vitrina-offline", messages=MESSAGES, response_format=FORM)
    chunks = list(
        client.chat.completions.create(
            model="vitrina-offline", messages=MESSAGES, response_format=FORM, stream=True,
            stream_options={"include_usage": True},
        )
    )  # fmt: skip
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage
    assert len(chunks) > 4


def test_embeddings_come_as_numbers_and_as_bytes(client: openai.OpenAI) -> None:
    texts = ["ab", "a"]
    plain = client.embeddings.create(model="any", input=texts, encoding_format="float")
    packed = client.embeddings.create(model="any", input=texts)  # the client asks for base64 by itself
    assert [row.embedding for row in plain.data] == [row.embedding for row in packed.data] == [[2.0, 0.5], [1.0, 0.5]]
    assert [row.index for row in plain.data] == [0, 1]
    assert plain.usage.total_tokens > 0


def test_errors_are_those_of_the_client(client: openai.OpenAI, served: str) -> None:
    create = client.chat.completions.create
    with openai.OpenAI(base_url=served, api_key="wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError, match="token"):
            stranger.models.list()
        with pytest.raises(openai.AuthenticationError):
            stranger.chat.completions.create(model="slow", messages=MESSAGES, stream=True)
    with pytest.raises(openai.NotFoundError, match="It has: vitrina-offline, slow") as missing:
        create(model="gpt-4o", messages=MESSAGES)
    assert missing.value.code == "model_not_found"
    assert missing.value.type == "invalid_request_error"
    for wrong in (
        {"messages": []}, {"temperature": 3}, {"temperature": "hot"}, {"max_tokens": 0}, {"n": 2}, {"seed": "x"},
        {"stop": ["a", "b", "c", "d", "e"]}, {"top_p": -1}, {"response_format": {"type": "json_schema"}},
    ):  # fmt: skip
        with pytest.raises(openai.BadRequestError):
            create(**{"model": "slow", "messages": MESSAGES, **wrong})
    with pytest.raises(openai.BadRequestError, match="no skill"):
        create(model="vitrina-offline", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIStatusError, match="larger than") as large:
        create(model="slow", messages=[{"role": "user", "content": "x" * 17_000_000}])
    assert large.value.status_code == 413
    with pytest.raises(openai.NotFoundError):
        client.get("/none", cast_to=object)


def test_a_stream_that_breaks_says_so_inside_of_it(client: openai.OpenAI) -> None:
    texts = []
    with pytest.raises(openai.APIError, match="broke in the middle"):  # noqa: PT012 - the error comes in the loop
        for chunk in client.chat.completions.create(model="slow", messages=MESSAGES, stop=["x"], stream=True):
            texts.append(chunk.choices[0].delta.content)
    assert texts[1:] == ["слово0 ", "слово1 "]


def asking(served: str, *, stream: bool = False) -> socket.socket:
    """A client that has sent its question, and goes away when the connection is closed."""
    body = json.dumps({"model": "slow", "messages": MESSAGES, "stream": stream}).encode()
    host, port = served.removeprefix("http://").removesuffix("/v1").split(":")
    connection = socket.create_connection((host, int(port)))
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t0ken\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def test_a_full_queue_is_told_at_once_with_the_time_to_come_again(
    client: openai.OpenAI, served: str, slow: Slow
) -> None:
    slow.pause = 600
    with asking(served), asking(served):
        until(lambda: slow.asked == 2)
        with pytest.raises(openai.RateLimitError) as full:
            client.chat.completions.create(model="slow", messages=MESSAGES)
        assert full.value.response.headers["retry-after"] == "2"
    until(lambda: slow.left == 2)  # both clients went away, and their places are free
    slow.pause = 0.0
    assert client.chat.completions.create(model="slow", messages=MESSAGES).choices[0].finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_ends_the_work_for_it(served: str, slow: Slow, stream: bool) -> None:
    slow.pause, slow.words = 0.05, 10_000
    with asking(served, stream=stream) as connection:
        until(lambda: slow.asked == 1)
        if stream:
            assert b"200 OK" in connection.recv(1000)
    until(lambda: slow.left == 1)


def test_a_request_has_a_deadline(slow: Slow) -> None:
    slow.pause = 0.6
    service = EmbeddedService({}, chat_models=[slow], timeout_s=1.5)
    with serving(service) as address, openai.OpenAI(base_url=address, api_key="x", max_retries=0) as client:
        with pytest.raises(openai.InternalServerError, match=r"1\.5 s") as late:
            client.chat.completions.create(model="slow", messages=MESSAGES)
        assert late.value.status_code == 504
        with pytest.raises(openai.APIError, match=r"1\.5 s"):
            list(client.chat.completions.create(model="slow", messages=MESSAGES, stream=True))
        until(lambda: slow.left == 2)
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.1).chat.completions.create(model="slow", messages=MESSAGES)


def test_health_is_open_and_says_what_is_served(served: str, client: openai.OpenAI) -> None:
    root = served.removesuffix("/v1")
    for path in ("/health", "/healthz"):
        told = openai.OpenAI(base_url=root, api_key="none").get(path, cast_to=object)
        assert told == {"status": "ok", "model": "vitrina-offline", "skills": ["echo"], "models": ["slow"]}
