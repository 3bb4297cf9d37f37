"""The gateway that the settings make, down to the platform's own skills and table."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.llm.conftest import question
from vitrina.config import Settings
from vitrina.content import contract, prompts
from vitrina.content.facts import ProductFacts
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import GatewayConfigError
from vitrina.llm.wiring import gateway_config, open_gateway

DRESS = ProductFacts(
    product_id=7,
    title="Kadın elbise, kırmızı",
    brand="Deniz",
    category_slug="dresses",
    category_path="Одежда > Женщинам > Платья",
    attributes={"Malzeme": "%100 pamuk", "Renk": "kırmızı"},
)


def description() -> ChatRequest:
    return ChatRequest(
        prompts.build_messages(DRESS, []),
        "product_description",
        item_id="7",
        schema=contract.json_schema(),
        schema_name=contract.SCHEMA_NAME,
    )


def test_without_settings_the_offline_writer_answers_and_stands_in_the_ledger(settings):
    from vitrina.llm.models import LlmAttempt

    with open_gateway(settings, run_id="run-1") as gateway:
        first = gateway.ask(description())
        assert first.ok
        assert json.loads(first.text)["product_id"] == 7
    with open_gateway(settings, run_id="run-2") as gateway:
        second = gateway.ask(description())
        assert (second.cached, second.text) == (True, first.text)
        assert gateway.summary()["calls"] == 0
    row = LlmAttempt.objects.get()
    assert (row.run_id, row.purpose, row.cost_usd, row.cost_known) == ("run-1", "product_description", 0, True)


def test_a_new_version_of_the_offline_writer_is_not_answered_from_the_former_one(monkeypatch):
    from vitrina.content import offline_writer

    ledger = MemoryLedger()
    for version in ("1000", "1000", "1001"):
        monkeypatch.setattr(offline_writer, "VERSION", version)
        with Gateway(gateway_config(Settings(_env_file=None)), ledger) as gateway:
            assert gateway.ask(description()).ok
    assert len(ledger.attempts) == 2


def test_settings_reach_the_gateway(llm_server, tmp_path):
    prices = tmp_path / "prices.yaml"
    prices.write_text("models: {house-model: {input_per_mtok: '1000', output_per_mtok: '2000'}}")
    settings = Settings(
        _env_file=None,
        openai_base_url=llm_server.base_url,
        openai_api_key="sk-abc",
        ai_model="house-model",
        ai_run_budget_usd=Decimal(1),
        ai_prices_file=prices,
    )
    with Gateway(gateway_config(settings), MemoryLedger()) as gateway:
        assert gateway.ask(question(1, max_tokens=100)).cost_usd == Decimal("0.2")
    assert llm_server.stats()["authorizations"] == ["Bearer sk-abc"]


def test_a_missing_price_file_is_a_clear_error(tmp_path):
    with pytest.raises(GatewayConfigError, match="cannot be read"):
        gateway_config(Settings(_env_file=None, ai_prices_file=tmp_path / "none.yaml"))


def test_the_engine_imports_neither_django_nor_a_model_library():
    code = (
        "import sys, vitrina.llm.gateway, vitrina.llm.ledger_postgres, vitrina.llm.service.app; "
        "print(sorted({'django', 'torch', 'dagster', 'genai_prices', 'sklearn'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
