"""Prices, budgets, and what is never shown."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from tests.llm.conftest import question
from vitrina.llm.budget import Budget
from vitrina.llm.config import GatewayConfig
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import GatewayConfigError, Outcome, Usage
from vitrina.llm.pricing import PriceBook, load_overrides

OPENAI = "https://api.openai.com/v1"


def test_a_known_model_costs_what_its_table_says():
    price = PriceBook(OPENAI).cost("gpt-4o-mini", Usage(1_000_000, 100_000))
    assert price.usd == Decimal("0.21")
    assert price.source.startswith("genai-prices")
    assert "openai/gpt-4o-mini" in price.source


def test_cached_tokens_are_cheaper():
    book = PriceBook(OPENAI)
    assert book.cost("gpt-4o-mini", Usage(10_000, 0, cached=9_000)).usd < book.cost("gpt-4o-mini", Usage(10_000, 0)).usd


def test_tokens_written_into_a_cache_cost_what_the_table_or_the_override_says():
    book = PriceBook("https://api.anthropic.com/v1")
    usd = [book.cost("claude-sonnet-4-5", Usage(10_000, 0, cache_write=written)).usd for written in (0, 9_000, 99_000)]
    assert usd == [Decimal("0.03"), Decimal("0.03675"), Decimal("0.0375")]
    rates = {"input_per_mtok": "1", "output_per_mtok": "2", "cache_write_input_per_mtok": "1.25"}
    own = PriceBook(OPENAI, {"models": {"m": rates}})
    assert own.cost("m", Usage(1_000_000, 0, cached=200_000, cache_write=400_000)).usd == Decimal("1.1")


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-5", "gpt-4.1", "text-embedding-3-small", "mistral-large-latest"])
@pytest.mark.parametrize("usage", [Usage(1234, 567, cached=89), Usage(10, 0), Usage(300_000, 5_000, cached=250_000)])
def test_the_quick_calculation_gives_what_the_table_s_own_gives(model, usage):
    import genai_prices

    book = PriceBook(OPENAI)
    book.cost(model, Usage(1, 1))  # from here on the rates are known
    tokens = genai_prices.Usage(
        input_tokens=usage.prompt, output_tokens=usage.completion, cache_read_tokens=usage.cached
    )
    provider = "mistral" if model.startswith("mistral") else "openai"
    exact = genai_prices.calc_price(tokens, model_ref=model, provider_id=provider)
    assert book.cost(model, usage).usd == exact.total_price.quantize(Decimal("0.00000001"))


def test_tiers_of_long_prompts_are_kept():
    book = PriceBook("https://generativelanguage.googleapis.com/v1beta/openai")
    short, long = (book.cost("gemini-2.5-pro", Usage(tokens, 0)).usd for tokens in (100_000, 300_000))
    assert long > short * 3


def test_an_unknown_model_costs_nobody_knows_what_and_never_zero():
    price = PriceBook("https://llm.example/v1").cost("some-model-nobody-lists", Usage(100, 100))
    assert price.usd is None
    assert not price.known


def test_an_override_wins_over_the_table():
    overrides = {"models": {"gpt-4o-mini": {"input_per_mtok": "1", "output_per_mtok": 2}}}
    price = PriceBook(OPENAI, overrides).cost("gpt-4o-mini", Usage(1_000_000, 1_000_000))
    assert (price.usd, price.source) == (Decimal(3), "override")


def test_the_embedded_service_is_a_declared_zero():
    price = PriceBook("embedded").cost("vitrina-offline", Usage(1000, 1000))
    assert (price.usd, price.source) == (Decimal(0), "declared free")


def test_an_endpoint_may_be_declared_free():
    book = PriceBook("http://127.0.0.1:11434/v1", {"free_endpoints": ["http://127.0.0.1:11434/v1/"]})
    assert book.cost("gpt-4o-mini", Usage(1000, 1000)).usd == 0


@pytest.mark.parametrize("row", [None, {}, {"input_per_mtok": "x", "output_per_mtok": 1}, {"input_per_mtok": -1}])
def test_a_wrong_override_is_refused_with_its_model(row):
    with pytest.raises(GatewayConfigError, match="my-model"):
        PriceBook(OPENAI, {"models": {"my-model": row}})


def test_a_price_file_that_is_not_a_mapping_is_refused(tmp_path):
    (tmp_path / "prices.yaml").write_text("- 1")
    with pytest.raises(GatewayConfigError, match="not a mapping"):
        load_overrides(tmp_path / "prices.yaml")


def test_a_budget_counts_what_is_in_flight():
    budget = Budget(Decimal(1))
    first = budget.reserve(Decimal("0.6"))
    assert "used up" in budget.reserve(Decimal("0.6"))
    budget.release(first, Decimal("0.1"))
    second = budget.reserve(Decimal("0.6"))
    budget.release(second, None)
    assert budget.spent == Decimal("0.7")


def test_a_used_up_budget_ends_the_rest_in_a_partial_state(llm_server, gateway):
    one = gateway(budget_usd=Decimal("0.0020"), concurrency=4)
    results = list(one.run(question(i, max_tokens=200) for i in range(200)))
    ended = [r.outcome for r in results]
    assert len(ended) == 200
    assert set(ended) == {Outcome.OK, Outcome.BUDGET}
    assert one.summary()["cost_usd"] <= Decimal("0.0020")
    assert ended.count(Outcome.OK) == llm_server.stats()["requests"]
    assert ended.count(Outcome.OK) >= 30


def test_a_later_run_completes_what_the_budget_held_back(gateway):
    ledger = MemoryLedger()
    first = [r for r in gateway(ledger, budget_usd=Decimal("0.001")).run(question(i) for i in range(40)) if r.ok]
    second = list(gateway(ledger).run(question(i) for i in range(40)))
    assert 0 < len(first) < 40
    assert all(r.ok for r in second)
    assert sum(r.cached for r in second) == len(first)


def test_a_run_s_earlier_spending_counts(gateway):
    ledger = MemoryLedger()
    gateway(ledger, run_id="run-1").ask(question(1))
    spent = ledger.spent(run_id="run-1").usd
    assert spent > 0
    assert gateway(ledger, run_id="run-1", budget_usd=spent).ask(question(2)).outcome is Outcome.BUDGET
    assert gateway(ledger, run_id="run-2", budget_usd=Decimal(1)).ask(question(2)).ok


def test_a_budget_refuses_a_model_of_unknown_price_unless_told_otherwise(llm_server, gateway):
    refused = gateway(model="nobody-lists-this", budget_usd=Decimal(1)).ask(question(1))
    assert refused.outcome is Outcome.BUDGET
    assert "price of this model is unknown" in refused.error
    assert llm_server.stats()["requests"] == 0
    allowed = gateway(model="nobody-lists-this", budget_usd=Decimal(1), allow_unknown_prices=True)
    result = allowed.ask(question(1))
    assert result.ok
    assert result.cost_usd is None
    assert allowed.summary()["cost_usd"] is None
    assert allowed.summary()["unknown_cost_calls"] == 1


def test_the_key_is_in_no_row_no_error_no_log_and_no_repr(llm_server, gateway, caplog):
    caplog.set_level(logging.DEBUG)
    secret = "sk-proj-Zx81secretsecretsecret"
    ledger = MemoryLedger()
    shown = []
    for faults in ({"status": 401, "echo_headers": True}, {"status": 500, "echo_headers": True}, {"cut": 1.0}, {}):
        llm_server.reset(**faults)
        one = gateway(ledger, api_key=secret)
        shown += [one.ask(question(1)), one.config, one.summary()]
    assert llm_server.stats()["authorizations"] == [f"Bearer {secret}"]
    assert any("***" in row.error for row in ledger.attempts)
    assert secret not in repr(ledger.attempts) + repr(shown) + caplog.text


def test_credentials_in_the_address_are_refused():
    with pytest.raises(GatewayConfigError, match="user name or password"):
        GatewayConfig(base_url="https://me:secret@host/v1")


@pytest.mark.parametrize("values", [{"base_url": "ftp://x"}, {"concurrency": 0}, {"api_key": "a\nb"}])
def test_wrong_settings_are_refused_with_a_reason(values):
    with pytest.raises(GatewayConfigError):
        GatewayConfig(**values)
