"""Ways of asking for JSON: probed once, remembered, lowered in traffic without losing or paying twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.llm_server import RunningServer
from tests.llm.conftest import FAST, question
from vitrina.llm.capabilities import MemoryCapabilities
from vitrina.llm.config import GatewayConfig
from vitrina.llm.dialects import Rung
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.structured import Contract, InvalidAnswerError

SCHEMA = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "text": {"type": "string"}},
    "required": ["item", "text"],
    "additionalProperties": False,
}


def keep(request: Any, data: Any) -> Any:
    if not isinstance(data, dict) or set(data) != {"item", "text"}:
        raise InvalidAnswerError(["not the object that was asked for"])
    return data


CONTRACT = Contract(validate=keep)
REPAIRING = Contract(validate=keep, repair=lambda request, text, problems: [*request.messages])


def asked(item: object, **values: Any) -> Any:
    return question(item, schema=SCHEMA, schema_name="thing", **values)


@pytest.fixture
def auto(llm_server: RunningServer) -> Any:
    made: list[Gateway] = []

    def make(store: MemoryCapabilities | None = None, ledger: MemoryLedger | None = None, **values: Any) -> Gateway:
        values = {"base_url": llm_server.base_url, "model": "m", "retry": FAST, "structured": "auto", **values}
        config = GatewayConfig(timeout_s=120.0, **values)
        made.append(Gateway(config, ledger or MemoryLedger(), capabilities=store or MemoryCapabilities()))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("rungs", "ignores", "expected", "probes"),
    [
        ("json_schema,tools,json_object,text", "", Rung.JSON_SCHEMA, 1),
        ("tools,json_object,text", "", Rung.TOOLS, 2),
        ("json_object,text", "", Rung.JSON_OBJECT, 3),
        ("text", "", Rung.TEXT, 4),
        ("json_schema,tools,json_object,text", "json_schema", Rung.TOOLS, 2),
        ("json_schema,tools,json_object,text", "json_schema,tools,json_object", Rung.TEXT, 4),
    ],
)
def test_an_unknown_endpoint_is_probed_once_and_asked_the_best_way_it_takes(
    auto: Callable[..., Gateway], llm_server: RunningServer, rungs: str, ignores: str, expected: Rung, probes: int
) -> None:
    llm_server.reset(rungs=rungs, ignores=ignores)
    store, ledger = MemoryCapabilities(), MemoryLedger()
    results = list(auto(store, ledger).run([asked(i) for i in range(30)], contract=CONTRACT))
    assert [result.outcome for result in results] == ["ok"] * 30
    assert all(result.parsed["item"] == result.request.item_id for result in results)
    stats = llm_server.stats()
    assert stats["probes"] == probes
    assert stats["asked"] == {str(expected): 30}
    (known,) = store.rows.values()
    assert known.rung is expected
    # A later process believes it and does not probe.
    list(auto(store).run([asked("later")], contract=CONTRACT))
    assert llm_server.stats()["probes"] == probes


def test_questions_of_a_probe_stand_in_the_ledger_and_are_no_cached_answers(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    ledger = MemoryLedger()
    auto(ledger=ledger).ask(asked(1), contract=CONTRACT)
    probe, call = ledger.attempts
    assert (probe.purpose, probe.answered, call.purpose, call.answered) == ("capability_probe", False, "test", True)


def test_requests_without_a_schema_ask_nothing_first(auto: Callable[..., Gateway], llm_server: RunningServer) -> None:
    assert auto().ask(question(1)).ok
    assert llm_server.stats()["probes"] == 0


def test_the_key_of_a_request_does_not_depend_on_how_it_is_put(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    keys = set()
    for rungs in ("json_schema", "tools", "json_object", "text"):
        llm_server.reset(rungs=rungs)
        keys.add(auto().ask(asked(1), contract=CONTRACT).key)
    assert len(keys) == 1


def test_an_answer_given_one_way_is_found_by_a_later_run_that_asks_another_way(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    ledger = MemoryLedger()
    llm_server.reset(rungs="tools")
    first = auto(ledger=ledger).ask(asked(1), contract=CONTRACT)
    llm_server.reset()
    second = auto(ledger=ledger).ask(asked(1), contract=CONTRACT)
    assert (first.cached, second.cached, second.parsed) == (False, True, first.parsed)
    assert llm_server.stats()["requests"] == 0


def test_what_stops_working_in_traffic_is_lowered_without_losing_or_paying_twice(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    store, ledger = MemoryCapabilities(), MemoryLedger()
    gateway = auto(store, ledger, concurrency=10)
    assert gateway.ask(asked("first"), contract=CONTRACT).ok
    llm_server.reset(rungs="json_object,text", latency_s=0.01)
    results = list(gateway.run([asked(i) for i in range(60)], contract=CONTRACT))
    assert [result.outcome for result in results] == ["ok"] * 60
    stats = llm_server.stats()
    assert stats["paid"] == {str(i): 1 for i in range(60)}
    assert stats["asked"] == {"json_object": 60}
    assert stats["probes"] == 0
    (known,) = store.rows.values()
    assert (known.rung, known.until is not None) == (Rung.JSON_OBJECT, True)
    # A refused attempt is a row, and does not end its request.
    refused = [row for row in ledger.attempts if row.http_status == 400]
    assert refused
    assert not any(row.ended or row.cost_usd for row in refused)


def test_a_server_that_begins_to_ignore_the_schema_is_asked_another_way(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    gateway = auto(concurrency=1)
    assert gateway.ask(asked("first"), contract=REPAIRING).ok
    llm_server.reset(ignores="json_schema")
    results = [gateway.ask(asked(i), contract=REPAIRING) for i in range(6)]
    assert [result.outcome for result in results[3:]] == ["ok"] * 3
    assert llm_server.stats()["asked"]["tools"] >= 3


def test_what_was_found_out_long_ago_is_found_out_again(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    store = MemoryCapabilities()
    auto(store).ask(asked(1), contract=CONTRACT)
    ((place, known),) = store.rows.items()
    import dataclasses

    store.rows[place] = dataclasses.replace(
        known, rung=Rung.TEXT, until=datetime.now(UTC) - timedelta(seconds=1), reason="old"
    )
    auto(store).ask(asked(2), contract=CONTRACT)
    assert store.rows[place].rung is Rung.JSON_SCHEMA
    assert llm_server.stats()["probes"] == 2


def test_a_refused_name_of_the_limit_and_a_refused_temperature_are_learned(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    llm_server.reset(wants_max_completion_tokens=True, no_temperature=True)
    gateway = auto()
    results = [gateway.ask(question(i, max_tokens=50, temperature=0.3)) for i in range(3)]
    assert [result.ok for result in results] == [True] * 3
    assert llm_server.stats()["replies"] == {"400": 2, "ok": 3}


def test_a_text_too_long_for_the_model_is_no_reason_to_ask_another_way(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    store = MemoryCapabilities()
    gateway = auto(store)
    gateway.ask(asked("first"), contract=CONTRACT)
    llm_server.reset(
        status=400, error="maximum context length is 8192 tokens, 9000 in the messages and response_format"
    )
    assert gateway.ask(asked(1), contract=CONTRACT).outcome == "permanent"
    (known,) = store.rows.values()
    assert known.rung is Rung.JSON_SCHEMA


def test_an_endpoint_that_is_down_is_not_remembered_as_one_that_can_do_nothing(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    store = MemoryCapabilities()
    llm_server.reset(status=401, error="wrong key")
    result = auto(store).ask(asked(1), contract=CONTRACT)
    assert result.outcome == "permanent"
    assert "OPENAI_API_KEY" in (result.error or "")
    assert store.rows == {}


def test_the_list_of_models_tells_the_server(auto: Callable[..., Gateway], llm_server: RunningServer) -> None:
    store = MemoryCapabilities()
    llm_server.reset(owner="vllm")
    auto(store).ask(asked(1), contract=CONTRACT)
    (known,) = store.rows.values()
    assert known.dialect == "vllm"


def test_what_was_found_out_outlives_the_process_in_the_database(
    database: Any, settings: Any, llm_server: RunningServer
) -> None:
    from vitrina.llm.models import LlmCapability
    from vitrina.llm.wiring import open_gateway

    llm_server.reset(rungs="tools,text")
    given = settings.model_copy(update={"openai_base_url": llm_server.base_url, "ai_model": "m"})
    for _ in range(2):
        with open_gateway(given) as gateway:
            assert gateway.ask(asked(1, try_no=_), contract=CONTRACT).ok
    row = LlmCapability.objects.get()
    assert (row.rung, row.model) == ("tools", "m")
    assert json.loads(json.dumps(row.quirks)) == []
    assert llm_server.stats()["probes"] == 2


def test_our_own_service_is_probed_for_every_model_but_the_offline_writer(
    auto: Callable[..., Gateway], llm_server: RunningServer
) -> None:
    store = MemoryCapabilities()
    llm_server.reset(owner="vitrina", ignores="json_schema,tools")
    gateway = auto(store, model="vitrina-offline")
    assert gateway.ask(asked(1), contract=CONTRACT).outcome == "invalid"
    assert llm_server.stats()["probes"] == 0
    assert gateway.ask(asked(2, model="local"), contract=CONTRACT).ok
    assert {model: known.rung for (_, model), known in store.rows.items()} == {
        "vitrina-offline": Rung.JSON_SCHEMA,
        "local": Rung.JSON_OBJECT,
    }
