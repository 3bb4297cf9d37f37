"""Wire formats of servers against request and reply pairs written from their documentation.

Each file of ``wires`` holds one exchange: dialect, rung, limit, the body that goes out, the reply, and how it reads.
None of them was recorded from a live server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.llm import vision
from vitrina.llm.config import GatewayConfig
from vitrina.llm.dialects import Plan, Rung, by_address, by_models, named
from vitrina.llm.dialects.ollama import OllamaDialect, server_root
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import Outcome
from vitrina.llm.schemas import AS_IS, GEMINI, LLAMACPP, OPENAI, VLLM, compile_schema, drop_nulls
from vitrina.llm.structured import Contract, InvalidAnswerError, check, parse_json
from vitrina.llm.transport import Reply
from vitrina.llm.wire import read_chat

WIRES = sorted((Path(__file__).parent / "wires").glob("*.json"))
CONFIG = GatewayConfig(base_url="http://127.0.0.1:9/v1", model="m")


@pytest.mark.parametrize("path", WIRES, ids=lambda path: path.stem)
def test_each_exchange_goes_out_and_reads_as_documented(path: Path) -> None:
    wire = json.loads(path.read_text("utf-8"))
    dialect = named(wire["dialect"], CONFIG)
    request = ChatRequest(**{"purpose": "test", **wire["request"]})
    plan = Plan(request, request.model or "m", Rung(wire.get("rung", "json_schema")), estimate=wire.get("estimate", 0))
    if "body" in wire:
        assert json.loads(orjson.dumps(dialect.body(plan, wire.get("limit")))) == wire["body"]
    if "path" in wire:
        assert dialect.path() == wire["path"]
    reply = wire["reply"]
    reading = dialect.read(Reply(reply["status"], {}, json.dumps(reply["body"]).encode()), plan)
    for name, value in wire["reads"].items():
        found = getattr(reading, name)
        if value is None:
            assert found is None
        elif name == "usage":
            assert [found.prompt, found.completion] == value
        elif name == "error":
            assert value in found
        else:
            assert found == value


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://shop.openai.azure.com/openai/v1", "openai"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
        ("http://127.0.0.1:11434/v1", "ollama"),
        ("http://ollama:11434", "ollama"),
        ("http://127.0.0.1:1234/v1", "lmstudio"),
        ("https://relay.example/v1", "compatible"),
    ],
)
def test_an_address_tells_the_dialect(url: str, dialect: str) -> None:
    assert by_address(GatewayConfig(base_url=url, model="m")).name == dialect


def test_the_setting_wins_over_the_address_and_the_embedded_service_speaks_its_own() -> None:
    config = GatewayConfig(base_url="http://127.0.0.1:11434/v1", model="m", dialect="compatible")
    assert by_address(config).name == "compatible"
    assert (by_address(GatewayConfig()).name, by_address(GatewayConfig()).certain) == ("vitrina", True)


@pytest.mark.parametrize(
    ("owner", "dialect"), [("vllm", "vllm"), ("llamacpp", "llamacpp"), ("library", "ollama"), ("vitrina", "vitrina")]
)
def test_the_owner_in_the_list_of_models_tells_the_dialect(owner: str, dialect: str) -> None:
    found = by_models({"data": [{"id": "x", "owned_by": owner}]}, CONFIG)
    assert found is not None
    assert found.name == dialect


@pytest.mark.parametrize("data", [None, {}, {"data": None}, {"data": [1, {"owned_by": 5}, {"owned_by": "me"}]}])
def test_a_list_of_models_that_tells_nothing_is_no_error(data: Any) -> None:
    assert by_models(data, CONFIG) is None


def test_the_server_of_an_address_is_found_with_or_without_its_version_path() -> None:
    for url in ("http://h:1/v1", "http://h:1/api/", "http://h:1"):
        assert server_root(url) == "http://h:1"
    assert server_root("https://h/ollama/v1") == "https://h/ollama"


def test_ollama_is_found_with_or_without_the_version_in_its_address() -> None:
    for url in ("http://h:11434", "http://h:11434/v1"):
        dialect = OllamaDialect(url, 4_096)
        assert (dialect.path(), dialect.beside("/embeddings")) == (
            "http://h:11434/api/chat",
            "http://h:11434/v1/embeddings",
        )


# --- Ollama's context


def test_the_context_that_is_asked_for_grows_in_powers_of_two_and_never_shrinks() -> None:
    dialect = OllamaDialect("http://h:11434/v1", 32_768)
    request = ChatRequest([{"role": "user", "content": "x"}], "t")
    sizes = [dialect.num_ctx(Plan(request, "m", estimate=estimate), 500) for estimate in (100, 9_000, 100, 90_000)]
    assert sizes == [4096, 16384, 16384, 32768]


def test_a_prompt_that_the_server_cut_is_named_and_its_answer_not_used() -> None:
    dialect = OllamaDialect("http://h:11434/v1", 32_768)
    plan = Plan(ChatRequest([{"role": "user", "content": "x"}], "t"), "m", estimate=9_000, num_ctx=16_384)
    body = {"model": "m", "message": {"role": "assistant", "content": "{}"}, "done": True, "done_reason": "stop"}
    cut = dialect.read(Reply(200, {}, json.dumps({**body, "prompt_eval_count": 2048, "eval_count": 5}).encode()), plan)
    whole = dialect.read(
        Reply(200, {}, json.dumps({**body, "prompt_eval_count": 7000, "eval_count": 5}).encode()), plan
    )
    assert (cut.outcome, cut.error_class, cut.text) == (Outcome.PERMANENT, "input_truncated", None)
    assert "AI_CONTEXT_TOKENS" in (cut.error or "")
    assert (whole.outcome, whole.text) == (Outcome.OK, "{}")


def test_pictures_go_to_ollama_as_base64_beside_the_text() -> None:
    part = vision.image_part(vision.plain_png(8, 8, (1, 2, 3)), "image/png")
    request = ChatRequest([{"role": "user", "content": [{"type": "text", "text": "What?"}, part]}], "t")
    body = OllamaDialect("http://h:11434/v1", 32_768).body(Plan(request, "m", estimate=10), None)
    (message,) = body["messages"]
    assert message["content"] == "What?"
    assert message["images"] == [part["image_url"]["url"].partition(",")[2]]
    assert vision.by_hash(body)["messages"][0]["images"] == [f"sha256:{part.sha256}"]


@pytest.mark.parametrize("url", ["https://example.org/a.jpg", 5, None])
def test_a_picture_that_ollama_cannot_be_given_ends_its_request_in_words(
    gateway: Any, llm_server: Any, url: Any
) -> None:
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": url}}]
    asking = gateway(dialect="ollama")
    ended = asking.ask(ChatRequest([{"role": "user", "content": parts}], "t"))
    assert (ended.outcome, ended.error_class) == (Outcome.PERMANENT, "request")
    assert "data: URL" in (ended.error or "")
    assert llm_server.stats()["requests"] == 0
    assert asking.ask(ChatRequest([{"role": "user", "content": "What? item:1"}], "t")).ok


# --- Schemas

RICH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "Thing",
    "properties": {
        "title": {"type": "string", "minLength": 3, "maxLength": 5_000},
        "colour": {"type": "string", "enum": ["red", "green"]},
        "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "uniqueItems": True},
        "note": {"type": "string", "default": ""},
        "kind": {"const": "a"},
    },
    "required": ["title", "sizes", "kind"],
}


def test_openai_gets_closed_objects_with_all_required_and_no_refused_keyword() -> None:
    done = compile_schema(RICH, OPENAI)
    assert done.strict
    assert done.nullable
    assert done.schema == {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "colour": {"anyOf": [{"type": "string", "enum": ["red", "green"]}, {"type": "null"}]},
            "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
            "note": {"type": ["string", "null"]},
            "kind": {"const": "a"},
        },
        "required": ["title", "colour", "sizes", "note", "kind"],
        "additionalProperties": False,
    }


def test_an_open_dictionary_is_sent_without_strictness_instead_of_being_closed() -> None:
    schema = {"type": "object", "properties": {"facts": {"type": "object", "additionalProperties": {"type": "string"}}}}
    done = compile_schema(schema, OPENAI)
    assert (done.strict, done.schema) == (False, schema)


def test_each_profile_drops_what_its_server_refuses() -> None:
    llama = compile_schema(RICH, LLAMACPP).schema["properties"]
    assert llama["title"] == {"type": "string", "minLength": 3}
    assert "uniqueItems" not in compile_schema(RICH, VLLM).schema["properties"]["sizes"]
    assert compile_schema(RICH, GEMINI).schema["properties"]["kind"] == {"enum": ["a"]}
    assert compile_schema(RICH, AS_IS).schema == RICH


def test_a_property_may_bear_the_name_of_a_keyword() -> None:
    schema = {"type": "object", "properties": {"default": {"type": "string"}, "not": {"type": "string"}}}
    assert set(compile_schema(schema, OPENAI).schema["properties"]) == {"default", "not"}


def test_nulls_of_optional_properties_are_taken_for_absent_and_others_are_kept() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}, "c": {"type": "string"}},
        "required": ["c"],
    }
    assert drop_nulls(schema, {"a": None, "b": None, "c": None, "d": None}) == {"b": None, "c": None, "d": None}
    assert drop_nulls({"type": "array", "items": schema}, [{"a": None, "c": "x"}]) == [{"c": "x"}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "anyOf", "required", "enum", "$defs", "const", "x", "object"]
            ),
            child,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4), JSON)
def test_no_schema_and_no_answer_trips_the_compiler(schema: dict[str, Any], value: Any) -> None:
    for profile in (OPENAI, VLLM, LLAMACPP, GEMINI, AS_IS):
        compile_schema(schema, profile)
    drop_nulls(schema, value)


@given(JSON)
def test_no_reply_trips_a_reader(value: Any) -> None:
    body = json.dumps({"message": value, "choices": value, "done_reason": value, "usage": value, "error": value})
    for raw in (body, json.dumps(value), json.dumps([value]), json.dumps({"message": {"tool_calls": value}})):
        for status in (200, 400):
            read_chat(Reply(status, {}, raw.encode()))


# --- JSON in answers


@pytest.mark.parametrize(
    ("text", "finish", "value", "mended"),
    [
        ('{"a": 1}', "stop", {"a": 1}, False),
        ('{"a": 1}', "tool_calls", {"a": 1}, False),
        ('<think>{"b": 2}</think>\n{"a": 1}', "stop", {"a": 1}, False),
        ('the block was opened in the prompt {"b": 2}</think>{"a": 1}', "stop", {"a": 1}, False),
        ('```json\n{"a": 1}\n```', "stop", {"a": 1}, False),
        ('Here is the answer:\n```json\n{"a": 1}\n```\nGood luck!', "stop", {"a": 1}, True),
        ("{'a': 1,}", "stop", {"a": 1}, True),
    ],
)
def test_json_is_found_in_thinking_fences_and_prose(text: str, finish: str, value: Any, mended: bool) -> None:
    assert parse_json(text, finish) == (value, mended)


@pytest.mark.parametrize(("text", "finish"), [("Grass is green.", "stop"), ('{"a": "cut her', "length"), ("", "stop")])
def test_words_and_cut_answers_are_no_json(text: str, finish: str) -> None:
    with pytest.raises(InvalidAnswerError):
        parse_json(text, finish)


def test_a_contract_sees_no_nulls_of_absent_properties() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["b"]}
    request = ChatRequest([{"role": "user", "content": "x"}], "t", schema=schema)
    assert check(Contract(lambda _, data: data), request, '{"a": null, "b": "x"}', "stop").value == {"b": "x"}


@given(st.text(max_size=200), st.sampled_from(["stop", "length", "tool_calls", ""]))
def test_no_answer_trips_the_search_for_json(text: str, finish: str) -> None:
    check(Contract(lambda _, data: data), ChatRequest([], "t", schema={"type": "object"}), text, finish)
