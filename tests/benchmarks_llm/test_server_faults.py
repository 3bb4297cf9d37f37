"""The measuring server does what its switches say, in a process of its own, the same for every client."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from benchmarks.llm.faults import Bucket, Faults, draw, fate, latency, nature
from benchmarks.llm.processes import Server

ITEMS = [f"i{number}" for number in range(2000)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def ask(server: Server, item: str, **body: Any) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    try:
        content = {"model": "m", "messages": [{"role": "user", "content": f"item:{item}"}], **body}
        connection.request("POST", "/v1/chat/completions", json.dumps(content))
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def choice(body: bytes) -> dict[str, Any]:
    return json.loads(body)["choices"][0]


def test_every_draw_belongs_to_its_attempt_and_not_to_the_order() -> None:
    faults = Faults(rate_429=0.1, rate_500=0.05)
    first = [fate(faults, item, 1) for item in ITEMS]
    assert first == [fate(faults, item, 1) for item in ITEMS]
    assert first != [fate(faults, item, 2) for item in ITEMS]
    assert 0.08 < first.count("rate_429") / len(ITEMS) < 0.12
    assert 0.035 < first.count("rate_500") / len(ITEMS) < 0.065
    assert draw(1, "a", 1) != draw(2, "a", 1)


def test_natures_stick_to_items() -> None:
    faults = Faults(refusal=0.05, content_filter=0.05, length=0.05)
    natures = [nature(faults, item) for item in ITEMS]
    for name in ("refusal", "content_filter", "length"):
        assert 0.03 < natures.count(name) / len(ITEMS) < 0.07


def test_latencies_follow_their_law() -> None:
    assert latency(Faults(latency_s=0.2), "a", 1) == 0.2
    even = [latency(Faults(latency_s=0.2, latency="uniform", spread=0.5), item, 1) for item in ITEMS]
    assert 0.1 <= min(even) < 0.11
    assert 0.29 < max(even) <= 0.3
    skewed = sorted(latency(Faults(latency_s=0.2, latency="lognormal", spread=0.5), item, 1) for item in ITEMS)
    assert 0.19 < skewed[1000] < 0.21
    assert skewed[-1] > 0.6


def test_switches_that_make_no_sense_are_refused() -> None:
    for wrong in ({"latency": "odd"}, {"outage": "odd"}, {"rate_429": 0.6, "rate_500": 0.6}):
        with pytest.raises(ValueError):
            Faults(**wrong)


def test_a_bucket_lets_a_burst_in_and_then_its_rate() -> None:
    bucket = Bucket(10, burst=1.0)
    assert sum(bucket.take(0.0) for _ in range(50)) == 10
    assert sum(bucket.take(tick / 128) for tick in range(1, 257)) == 20
    assert sum(bucket.take(100.0) for _ in range(50)) == 10


def test_good_answers_are_counted_by_item_so_that_a_second_one_is_seen(server: Server) -> None:
    server.reset(Faults())
    for item in ("a", "b", "a"):
        status, headers, body = ask(server, item)
        assert status == 200
        assert headers["x-request-id"]
        assert json.loads(choice(body)["message"]["content"])["item"] == item
    seen = server.stats(items=True)
    assert (seen["requests"], seen["good"], seen["paid"], seen["paid_twice"]) == (3, 2, 3, 1)
    assert seen["paid_by_item"] == {"a": 2, "b": 1}


@pytest.mark.parametrize("wait", ["1", None])
def test_a_429_names_a_waiting_time_or_none(server: Server, wait: str | None) -> None:
    server.reset(Faults(rate_429=1.0, retry_after=wait, refused_s=0.0))
    status, headers, body = ask(server, "a")
    assert status == 429
    assert headers.get("retry-after") == wait
    assert json.loads(body)["error"]["code"] == "rate_limit_exceeded"
    assert server.stats()["paid"] == 0


def test_a_500_an_html_page_and_half_a_json(server: Server) -> None:
    server.reset(Faults(rate_500=1.0))
    assert ask(server, "a")[0] == 500
    server.reset(Faults(html=1.0))
    status, headers, body = ask(server, "a")
    assert (status, headers["content-type"], body[:6]) == (200, "text/html", b"<html>")
    server.reset(Faults(truncated_json=1.0))
    told = choice(ask(server, "a")[2])
    assert told["finish_reason"] == "stop"
    with pytest.raises(ValueError):
        json.loads(told["message"]["content"])
    assert server.stats()["paid_twice"] == 0


def test_a_cut_ends_in_the_middle_of_the_body_and_a_hang_never_answers(server: Server) -> None:
    server.reset(Faults(cut=1.0))
    with pytest.raises(http.client.IncompleteRead):
        ask(server, "a")
    server.reset(Faults(hang=1.0))
    with pytest.raises(TimeoutError):
        _ask_shortly(server)
    assert server.stats()["replies"] == {"hang": 1}


def _ask_shortly(server: Server) -> None:
    address = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=0.2)
    try:
        connection.request("POST", "/v1/chat/completions", '{"messages": "item:a"}')
        connection.getresponse()
    finally:
        connection.close()


def test_refusal_filter_and_length_are_named_and_length_ends_with_more_room(server: Server) -> None:
    server.reset(Faults(refusal=1.0))
    assert choice(ask(server, "a")[2])["message"]["refusal"]
    server.reset(Faults(content_filter=1.0))
    assert choice(ask(server, "a")[2])["finish_reason"] == "content_filter"
    server.reset(Faults(length=1.0, needs_tokens=1000))
    assert choice(ask(server, "a", max_tokens=500)[2])["finish_reason"] == "length"
    assert choice(ask(server, "a", max_completion_tokens=1000)[2])["finish_reason"] == "stop"


def test_a_schema_is_ignored_in_silence_but_tools_are_called(server: Server) -> None:
    server.reset(Faults(ignores_schema=True))
    text = choice(ask(server, "a", response_format={"type": "json_schema"})[2])["message"]["content"]
    assert "```json" in text
    called = choice(ask(server, "a", tools=[{"function": {"name": "save"}}])[2])
    assert called["finish_reason"] == "tool_calls"
    assert json.loads(called["message"]["tool_calls"][0]["function"]["arguments"])["item"] == "a"


def test_a_limit_refuses_what_is_over_it_and_tells_what_is_left(server: Server) -> None:
    server.reset(Faults(rps=0.01, burst=200.0, headers=True, refused_s=0.0))
    replies = [ask(server, f"i{number}") for number in range(4)]
    assert [status for status, *_ in replies] == [200, 200, 429, 429]
    assert replies[0][1]["x-ratelimit-limit-requests"] == "2"
    assert replies[-1][1]["x-ratelimit-remaining-requests"] == "0"


def test_an_outage_has_a_beginning_and_an_end(server: Server) -> None:
    server.reset(Faults(outage_after_s=0.0, outage_s=0.4, refused_s=0.0))
    assert ask(server, "a")[0] == 503
    statuses = []
    while not statuses or statuses[-1] != 200:
        statuses.append(ask(server, "a")[0])
    seen = server.stats()
    assert seen["in_outage"] == len(statuses)
    assert seen["resumed_s"] >= 0.4


def test_what_was_begun_is_charged_even_when_the_caller_is_gone(server: Server) -> None:
    server.reset(Faults(latency_s=2.0))
    with pytest.raises(TimeoutError):
        _ask_shortly(server)
    while not server.stats()["requests"] or server.stats()["in_flight"]:
        time.sleep(0.05)
    assert server.stats()["paid"] == 1


def test_embeddings_are_served_too(server: Server) -> None:
    server.reset(Faults())
    address = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    connection.request("POST", "/v1/embeddings", json.dumps({"model": "m", "input": ["item:a", "item:b"]}))
    rows = json.loads(connection.getresponse().read())["data"]
    connection.close()
    assert sorted(row["index"] for row in rows) == [0, 1]
    assert all(len(row["embedding"]) == 16 for row in rows)
