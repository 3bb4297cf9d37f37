"""Pictures in messages: checked, counted, and short in keys and ledger."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.llm_server import RunningServer
from vitrina.llm import vision
from vitrina.llm.gateway import Gateway
from vitrina.llm.jobs import chat_key
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.tokens import estimate_prompt_tokens

PNG = vision.plain_png(40, 30, (200, 0, 0))


def request(part: Any, text: str = "item:p What colour?") -> ChatRequest:
    return ChatRequest([{"role": "user", "content": [{"type": "text", "text": text}, part]}], "image", item_id="p")


def encoded(kind: str, size: tuple[int, int], **values: Any) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(out, kind, **values)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime", "values"),
    [
        ("PNG", "image/png", {}),
        ("JPEG", "image/jpeg", {}),
        ("JPEG", "image/jpeg", {"progressive": True}),
        ("GIF", "image/gif", {}),
        ("WEBP", "image/webp", {}),
        ("WEBP", "image/webp", {"lossless": True}),
    ],
)
def test_size_and_kind_are_read_from_the_header(kind: str, mime: str, values: dict[str, Any]) -> None:
    data = encoded(kind, (321, 123), **values)
    assert vision.image_size(data) == (321, 123)
    part = vision.image_part(data, mime, "low")
    assert part["image_url"]["url"] == f"data:{mime};base64,{base64.b64encode(data).decode()}"
    assert (part.sha256, part.tokens) == (hashlib.sha256(data).hexdigest(), 85)


@pytest.mark.parametrize(
    ("data", "mime", "detail", "told"),
    [
        (b"", "image/png", "auto", "empty"),
        (PNG, "image/jpeg", "auto", "no image/jpeg"),
        (PNG, "image/svg+xml", "auto", "take no"),
        (PNG, "image/png", "finest", "no detail"),
        (PNG + b"\0" * vision.MAX_BYTES, "image/png", "auto", "bytes"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(data: bytes, mime: str, detail: str, told: str) -> None:
    with pytest.raises(vision.ImagePartError, match=told):
        vision.image_part(data, mime, detail)


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF1234WEBPVP8X"])
)
def test_a_broken_header_never_raises(tail: bytes, head: bytes) -> None:
    size = vision.image_size(head + tail)
    assert size is None or all(side >= 0 for side in size)


@pytest.mark.parametrize(
    ("width", "height", "detail", "tokens"),
    [(1024, 1024, "auto", 765), (2048, 4096, "high", 1105), (4096, 8192, "low", 85), (100, 100, "auto", 255)],
)
def test_tokens_follow_the_published_rule(width: int, height: int, detail: str, tokens: int) -> None:
    assert vision.image_tokens(width, height, detail) == tokens


def test_pictures_count_in_the_estimate_of_a_prompt() -> None:
    plain = ChatRequest([{"role": "user", "content": "item:p What colour?"}], "image")
    big = vision.image_part(vision.plain_png(1024, 1024, (0, 0, 0)), "image/png")
    assert estimate_prompt_tokens(request(big).messages) - estimate_prompt_tokens(plain.messages) == 765


def test_the_key_hangs_on_the_picture_and_not_on_how_the_part_was_made() -> None:
    made = vision.image_part(PNG, "image/png")
    by_hand = json.loads(json.dumps(made))
    other = vision.image_part(vision.plain_png(40, 30, (200, 0, 1)), "image/png")
    assert chat_key(request(made), "m", "s") == chat_key(request(by_hand), "m", "s")
    assert chat_key(request(made), "m", "s") != chat_key(request(other), "m", "s")
    assert chat_key(request(made), "m", "s") != chat_key(request(vision.image_part(PNG, "image/png", "low")), "m", "s")


def test_the_picture_reaches_the_server_and_the_ledger_keeps_its_hash(
    gateway: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    ledger = MemoryLedger()
    noise = vision.plain_png(64, 64, (1, 2, 3)) + bytes(range(256)) * 2000
    part = vision.image_part(noise, "image/png")
    assert gateway(ledger).ask(request(part)).ok
    assert llm_server.stats()["paid"] == {"p": 1}
    (row,) = ledger.attempts
    assert row.request_body is not None
    assert len(row.request_body) < 500
    kept = json.loads(row.request_body)
    assert kept["messages"][0]["content"][1]["image_url"]["url"] == f"sha256:{part.sha256}"
    again = gateway(ledger).ask(request(vision.image_part(noise, "image/png")))
    assert again.cached


def test_a_url_that_is_no_data_stays_as_it_is() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a/b.jpg"}}]}]}
    assert vision.by_hash(body) == body
