"""Reading replies, answers and messages: pure functions."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.llm.conftest import question
from vitrina.llm.config import GatewayConfig, RetryPolicy
from vitrina.llm.messages import ChatRequest, request_key
from vitrina.llm.outcomes import Outcome, Usage
from vitrina.llm.retry import Tally, decide
from vitrina.llm.structured import Contract, InvalidAnswerError, check, parse_json
from vitrina.llm.tokens import estimate_prompt_tokens, estimate_tokens
from vitrina.llm.transport import Reply
from vitrina.llm.wire import Reading, read_chat, read_embeddings, retry_after

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.integers(100, 599), st.binary(max_size=200), st.dictionaries(st.sampled_from(["retry-after"]), st.text()))
def test_no_bytes_of_a_server_raise(status, body, headers):
    assert read_chat(Reply(status, headers, body)).outcome in Outcome
    assert read_embeddings(Reply(status, headers, body), 2).outcome in Outcome


@given(JSON, JSON, JSON)
def test_no_json_of_a_server_raises(message, usage, extra):
    body = {
        "choices": [{"message": message, "finish_reason": extra}],
        "usage": usage,
        "model": extra,
        "data": [message],
    }
    for value in (body, {"choices": message}, {"error": message}, {"choices": [message]}):
        read_chat(Reply(200, {}, json.dumps(value).encode()))
        read_chat(Reply(400, {}, json.dumps(value).encode()))
    read_embeddings(Reply(200, {}, json.dumps(body).encode()), 1)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["index", "embedding"]), JSON | st.integers(0, 2) | st.lists(JSON | st.floats(), max_size=2)
        ),
        max_size=3,
    )
)
def test_vectors_of_a_server_are_numbers_in_order_or_no_answer(rows):
    read = read_embeddings(Reply(200, {}, json.dumps({"data": rows}).encode()), len(rows))
    if read.outcome is Outcome.OK:
        assert all(type(x) in (int, float) and math.isfinite(x) for row in read.data["data"] for x in row["embedding"])


@pytest.mark.parametrize("indexes", [(None, None), (0, "1"), (0, True), (1, 1)])
def test_vectors_whose_places_are_no_numbers_are_no_answer(indexes):
    rows = [{"index": index, "embedding": [0.5]} for index in indexes]
    assert read_embeddings(Reply(200, {}, json.dumps({"data": rows}).encode()), 2).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("status", "code", "dead"),
    [
        (403, "model_not_found", "model"),
        (404, "model_not_found", "model"),
        (403, "", "endpoint"),
        (401, "invalid_api_key", "endpoint"),
    ],
)
def test_a_model_that_the_key_may_not_use_is_dead_alone(status, code, dead):
    body = {"error": {"message": "Project `p` does not have access to model `m`", "code": code}}
    assert read_chat(Reply(status, {}, json.dumps(body).encode())).dead == dead


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("-1", None), ("nan", None), ("soon", None), ("", None), ("inf", None)],
)
def test_retry_after_is_read_with_suspicion(value, seconds):
    assert retry_after({"retry-after": value}) == seconds


def test_retry_after_may_be_a_date_or_in_milliseconds():
    assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, now=lambda: 40.0) == 60.0
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25


def test_each_kind_of_token_is_read():
    details = {"cached_tokens": 7, "cache_write_tokens": 2}
    usage = {
        "prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }  # fmt: skip
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": usage}
    found = read_chat(Reply(200, {}, json.dumps(body).encode())).usage
    assert found == Usage(prompt=10, completion=5, cached=7, reasoning=3, cache_write=2)


def test_embeddings_must_be_one_per_text_and_of_one_length():
    def reply(*rows):
        return Reply(200, {}, json.dumps({"data": [{"index": i, "embedding": e} for i, e in rows]}).encode())

    assert read_embeddings(reply((1, [1, 2]), (0, [3, 4])), 2).outcome is Outcome.OK
    for rows in ([(0, [1])], [(0, [1]), (0, [1])], [(0, [1]), (1, [1, 2])], [(0, []), (1, [])], [(0, ["a"]), (1, [1])]):
        assert read_embeddings(reply(*rows), 2).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', ' \n{"a": 1}\n', '```json\n{"a": 1}\n```', '<think>{"b": 2} hm</think>\n```\n{"a": 1}\n```'],
)
def test_json_is_found_inside_fences_and_after_thinking(text):
    assert parse_json(text, "stop") == ({"a": 1}, False)


@pytest.mark.parametrize("text", ['{"title": "Cut in the mid', '{"a": {"b": 1}, "c": [1, 2', '{"a": {"b": 1}'])
def test_json_that_a_server_cut_while_saying_stop_is_not_taken_for_an_answer(text):
    with pytest.raises(InvalidAnswerError):
        parse_json(text, "stop")


def test_broken_json_is_mended_only_when_the_model_ended_it_itself():
    assert parse_json("{'a': 1,}", "stop") == ({"a": 1}, True)
    with pytest.raises(InvalidAnswerError):
        parse_json('{"a": "cut in the mid', "length")
    with pytest.raises(InvalidAnswerError):
        parse_json("I would rather talk about the weather.", "stop")


@pytest.mark.parametrize("text", ['{"a":' * 20_000, "[" * 60_000, "{" * 15_000, "{" + '"' * 15_000, '{"a": ' * 3_000])
def test_an_answer_that_loops_is_invalid_and_nothing_worse(text):
    found = check(Contract(lambda request, data: data["title"]), question(1), text, "stop")
    assert found.problems


def test_a_validator_that_trips_loses_no_answer():
    def validate(request, data):
        return 1 / 0

    found = check(Contract(validate), question(1), "{}", "stop")
    assert "division by zero" in found.problems[0]


@given(st.text(max_size=300), st.sampled_from(["stop", "length", ""]))
def test_no_answer_makes_the_check_raise(text, finish):
    def validate(request, data):
        return data["title"].strip()

    check(Contract(validate), question(1), text, finish)


def test_problems_of_pydantic_are_said_field_by_field():
    from pydantic import BaseModel

    class Answer(BaseModel):
        title: str
        score: int

    found = check(Contract(lambda request, data: Answer.model_validate(data)), question(1), '{"score": "x"}', "stop")
    assert [problem.split(":")[0] for problem in found.problems] == ["title", "score"]


def test_the_key_ignores_the_order_of_fields_and_holds_what_makes_another_call():
    one = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    two = {"messages": [{"content": "x", "role": "user"}], "model": "m"}
    assert request_key(one) == request_key(two)
    others = [
        request_key(one, item_id="1"),
        request_key(one, sample=1),
        request_key(one, try_no=1),
        request_key(one, scope="elsewhere"),
        request_key({**one, "temperature": 0}),
    ]
    assert len({request_key(one), *others}) == 6


def test_the_schema_s_field_order_is_kept_on_the_wire():
    schema = {"type": "object", "properties": {"title": {}, "body": {}, "answer": {}}}
    request = ChatRequest([{"role": "user", "content": "x"}], "t", schema=schema, schema_name="s")
    sent = request.body("m")["response_format"]["json_schema"]
    assert list(sent["schema"]["properties"]) == ["title", "body", "answer"]
    assert sent["name"] == "s"


def test_openai_gets_the_newer_name_of_the_token_limit():
    assert GatewayConfig(base_url="https://api.openai.com/v1").limit_field == "max_completion_tokens"
    assert GatewayConfig(base_url="http://127.0.0.1:8000/v1").limit_field == "max_tokens"


def test_cyrillic_takes_more_tokens_than_latin():
    assert estimate_tokens("") == 0
    assert estimate_tokens("платье из хлопка") > estimate_tokens("a dress of cotton")
    parts = [{"role": "user", "content": [{"type": "text", "text": "abcd"}, {"type": "image_url", "image_url": {}}]}]
    assert estimate_prompt_tokens(parts) > 300


def test_waits_grow_and_are_bounded():
    policy, tally = RetryPolicy(max_attempts=100), Tally()
    waits = [decide(Reading(Outcome.SERVER), tally, policy, now=0, jitter=1.0).wait_s for _ in range(12)]
    assert waits == sorted(waits)
    assert waits[0] == policy.base_delay_s
    assert waits[-1] == 30.0


@given(st.floats(0, 100), st.floats(0, 1), st.sampled_from([Outcome.RATE_LIMIT, Outcome.SERVER]))
def test_nobody_comes_back_before_the_time_asked_for(asked, jitter, outcome):
    reading = Reading(outcome, retry_after_s=asked)
    tally = Tally()
    for _ in range(4):
        decision = decide(reading, tally, RetryPolicy(), now=0, jitter=jitter)
        assert decision.again
        assert decision.wait_s >= asked


def test_a_zero_wait_again_and_again_is_not_taken_at_its_word():
    reading, tally = Reading(Outcome.RATE_LIMIT, retry_after_s=0.0), Tally()
    waits = [decide(reading, tally, RetryPolicy(), now=0, jitter=0.5).wait_s for _ in range(8)]
    assert waits[0] < 0.1
    assert waits[-1] == 2.0


def test_a_server_that_says_not_to_come_back_is_obeyed():
    reading = read_chat(Reply(500, {"x-should-retry": "false"}, b"{}"))
    assert not decide(reading, Tally(), RetryPolicy(), now=0, jitter=0).again
