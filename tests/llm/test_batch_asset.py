"""A backfill of descriptions through the provider's batch service, chosen by the run's tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.batch_server import running_batch_server
from tests.fakes.catalogue import Ticker, csv_drop, goods, keys_of, put, run
from tests.faults.answers import answer
from vitrina.config import get_settings

if TYPE_CHECKING:
    from tests.conftest import Processed


def test_a_run_tagged_batch_writes_its_texts_at_half_the_price_and_runs_before_and_after_ask_nobody(
    processed: Processed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.llm.models import LlmAttempt, LlmBatch

    put("drops/shop/a.csv", csv_drop(goods(12)))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    run("intake", processed.instance, [key])
    run("process_drop", processed.instance, [key], select=["product_categories"])
    with running_batch_server() as service:
        service.reset(content=answer(), expire=0.3, polls=1_000_000)
        settings = get_settings()
        for name, value in {
            "openai_base_url": service.base_url,
            "ai_model": "gpt-4o-mini",
            "ai_batch_poll_seconds": 0.05,
            "ai_batch_wait_seconds": 0.0,
        }.items():
            monkeypatch.setattr(settings, name, value)
        tags = {"vitrina/llm_mode": "batch"}
        for waiting in (tags, {}):
            result = run("process_drop", processed.instance, [key], select=["product_descriptions"], tags=waiting)
            [told] = result.asset_materializations_for_node("product_descriptions")
            assert told.metadata["left_for_later"].value == 12
        assert (service.online, service.created) == (0, 1), "the online run left to the batch what waits in it"
        service.switches.polls = 1
        monkeypatch.setattr(settings, "ai_batch_wait_seconds", 240.0)
        result = run("process_drop", processed.instance, [key], select=["product_descriptions"], tags=tags)
        assert result.success
        asked = LlmAttempt.objects.filter(purpose="product_description").exclude(batch_id="")
        assert asked.filter(answered=True).count() == 12
        assert set(service.answered.values()) == {1}
        assert service.online == 0
        assert LlmBatch.objects.filter(status="collected").count() == service.created == 2
        before = LlmAttempt.objects.count()
        run("process_drop", processed.instance, [key], select=["product_descriptions"])
        assert (LlmAttempt.objects.count(), service.online) == (before, 0)
