"""What the process answers: scores, cards, and a clear refusal of everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.serving.conftest import NAME
from vitrina.content import card, card_prompts
from vitrina.content.facts import ProductFacts
from vitrina.llm.config import GatewayConfig
from vitrina.llm.transport import AsgiTransport, Reply
from vitrina.preferences.contracts import prompt_text
from vitrina.reward.storage import write_manifest
from vitrina.serving import batching
from vitrina.serving.app import MAX_ITEMS, ServedModels
from vitrina.serving.shelf import Shelf

TOKEN = "secret-token"
POLICY = "fedcba9876543210"
FACTS = [ProductFacts(n, f"Платье {n} <b>синее</b>", attributes={"Цвет": "синий & белый"}) for n in range(1, 6)]


@dataclass
class Line:
    text: str
    ended: bool = True


@dataclass
class Echo:
    """A writer that says its prompt's second line, its seed and its temperature."""

    cut: bool = False
    fails: bool = False
    calls: list[int] = field(default_factory=list)

    def write(
        self, prompts: Sequence[str], *, samples: int = 1, temperature: float = 1.0, seed: int = 0,
        max_new_tokens: int | None = None,
    ) -> list[list[Line]]:  # fmt: skip
        if self.fails:
            raise RuntimeError("out of memory")
        self.calls.append(len(prompts))
        return [
            [Line(f"{prompt.splitlines()[1]}\n  {seed} {temperature:g} {max_new_tokens}", not self.cut)] * samples
            for prompt in prompts
        ]


class Asked:
    """The application in this process."""

    def __init__(self, home: Path, writer: Echo) -> None:
        folder = home / "training" / "models" / POLICY
        (folder / "model").mkdir(parents=True)
        (folder / "model" / "weights").write_bytes(b"0")
        write_manifest(folder, {"kind": "policy", "contract": "card"})
        self.writer = writer
        self.served = ServedModels(Shelf(folder.parent, open_writer=lambda _: writer), token=TOKEN, timeout_s=200)

    def __call__(self, path: str, *bodies: Any, token: str = TOKEN) -> list[tuple[int, Any]]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["headers"].append((b"authorization", f"Bearer {token}".encode()))
            await self.served.app(scope, receive, send)

        async def ask() -> list[Reply]:
            http = AsgiTransport(app, GatewayConfig())
            raw = [body if isinstance(body, bytes) else orjson.dumps(body) for body in bodies]
            return list(await asyncio.gather(*(http.post(path, one) for one in raw)))

        return [(reply.status, orjson.loads(reply.body)) for reply in asyncio.run(ask())]


@pytest.fixture
def asked(home: Path) -> Asked:
    return Asked(home, Echo())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch waits until all have asked, on a machine that stands still for a moment too."""
    monkeypatch.setattr(batching, "_WAIT_S", 2.0)


def chat(facts: ProductFacts, **more: Any) -> dict[str, Any]:
    schema = {"name": card.SCHEMA_NAME, "strict": True, "schema": card.json_schema()}
    form = {"type": "json_schema", "json_schema": schema}
    messages = card_prompts.build_messages(facts)
    return {"model": f"policy/{POLICY}", "messages": messages, "response_format": form, **more}


@pytest.mark.usefixtures("patient")
def test_a_policy_writes_the_card_that_is_asked_for(asked: Asked) -> None:
    answers = asked("/chat/completions", *(chat(facts, seed=3, temperature=0.5, max_tokens=90) for facts in FACTS))
    for facts, (status, body) in zip(FACTS, answers, strict=True):
        assert status == 200, body
        [choice] = body["choices"]
        said = card.parse(choice["message"]["content"], product_id=facts.product_id, language="ru")
        assert said.text == f"{prompt_text(facts, 'card').splitlines()[1]} 3 0.5 90"
        assert choice["finish_reason"] == "stop"
    assert asked.writer.calls == [5], "questions that come together are written together"


@pytest.mark.usefixtures("patient")
def test_questions_with_other_settings_are_not_mixed(asked: Asked) -> None:
    answers = asked("/chat/completions", *(chat(FACTS[0], seed=seed) for seed in (1, 2, 1)))
    texts = [orjson.loads(body["choices"][0]["message"]["content"])["text"].split()[-3] for _, body in answers]
    assert texts == ["1", "2", "1"]
    assert sorted(asked.writer.calls) == [1, 2]


def test_a_text_that_was_cut_is_said_to_be(asked: Asked) -> None:
    asked.writer.cut = True
    [(_, body)] = asked("/chat/completions", chat(FACTS[0]))
    assert body["choices"][0]["finish_reason"] == "length"


def test_a_writer_that_fails_fails_its_questions_alone(asked: Asked) -> None:
    asked.writer.fails = True
    answers = asked("/chat/completions", chat(FACTS[0]), chat(FACTS[1]))
    assert [status for status, _ in answers] == [500, 500]
    assert "out of memory" in answers[0][1]["error"]["message"]
    asked.writer.fails = False
    assert asked("/chat/completions", chat(FACTS[0]))[0][0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/score", b"{", 400, "JSON"),
        ("/score", {"items": []}, 400, "'model'"),
        ("/score", {"model": NAME, "items": [["a"]]}, 400, "prompt, text"),
        ("/score", {"model": NAME, "items": "ab"}, 400, "prompt, text"),
        ("/score", {"model": NAME, "items": [["a", 1]]}, 400, "prompt, text"),
        ("/score", {"model": NAME, "items": [["", ""]] * (MAX_ITEMS + 1)}, 413, "At most"),
        ("/score", {"model": "../../etc", "items": []}, 404, "no model"),
        ("/score", {"model": "/etc", "items": []}, 404, "no model"),
        ("/score", {"model": "a\0b", "items": []}, 400, "'model'"),
        ("/score", {"model": POLICY, "items": []}, 400, "does not score"),
        ("/chat/completions", {"model": POLICY, "messages": []}, 400, "messages"),
        ("/chat/completions", {"model": POLICY, "messages": [{"role": "user", "content": "Hi"}]}, 400, "product_card"),
        ("/chat/completions", chat(FACTS[0]) | {"model": NAME}, 400, "does not write"),
        ("/chat/completions", chat(FACTS[0]) | {"messages": [{"role": "user", "content": "Hi"}]}, 400, "product"),
        ("/chat/completions", chat(FACTS[0], stream=True), 400, "streamed"),
        ("/chat/completions", chat(FACTS[0], n=3), 400, "one answer"),
        ("/nothing", {}, 404, "nothing at"),
    ],
)
def test_bad_input_is_refused_in_words(asked: Asked, path: str, body: Any, status: int, told: str) -> None:
    [(found, answer)] = asked(path, body)
    assert found == status, answer
    assert told in answer["error"]["message"]


def test_nobody_is_answered_without_the_token(asked: Asked) -> None:
    for path in ("/score", "/chat/completions"):
        [(status, _)] = asked(path, {"model": NAME, "items": []}, token="another")
        assert status == 401


def test_a_damaged_model_is_never_used(asked: Asked, home: Path) -> None:
    body = {"model": NAME, "items": [["p", "t"]]}
    assert asked("/score", body)[0][0] == 200
    folder = home / "training" / "models" / NAME
    weights = next(path for path in sorted(folder.rglob("*")) if path.parent != folder and path.is_file())
    weights.write_bytes(weights.read_bytes() + b"x")
    (folder / "manifest.json").touch()
    [(status, answer)] = asked("/score", body)
    assert (status, answer["error"]["code"]) == (422, "damaged")


def test_what_needs_torch_says_how_to_get_it(
    home: Path, linear: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import importlib.util

    folder = home / "training" / "models" / "aaaaaaaabbbbbbbb"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "weights").write_bytes(b"0")
    write_manifest(folder, {"kind": "policy"})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    served = ServedModels(Shelf(folder.parent), token=TOKEN)
    asked = Asked(tmp_path / "other", Echo())
    asked.served = served
    [(status, answer)] = asked("/chat/completions", chat(FACTS[0]) | {"model": folder.name})
    assert (status, answer["error"]["code"]) == (501, "not_installed")
    assert "make train-env" in answer["error"]["message"]
