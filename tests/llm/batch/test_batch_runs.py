"""The provider's batch service: paid once, nothing lost, answers as online runs find them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.fakes.batch_server import BatchServer
from tests.llm.batch.asking import asked, rows, run
from vitrina.llm.failures import Which, again, list_failures
from vitrina.llm.gateway import Gateway
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import Outcome
from vitrina.llm.structured import Contract, InvalidAnswerError


def test_a_run_in_batch_mode_answers_at_half_the_price_and_online_runs_find_the_answers(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=3)
    told: list[Any] = []
    gateway = make()
    results = list(gateway.run((asked(i) for i in range(40)), progress=told.append))
    assert [result.outcome for result in results] == ["ok"] * 40
    assert {result.cached for result in results} == {False}
    assert json.loads(results[0].text or "")["answer"] == f"question {results[0].request.item_id}"
    assert (service.created, set(service.answered.values())) == (1, {1})
    assert told[-1].done == 40
    row = rows().first()
    # 1,000 tokens in and 100 out of gpt-4o-mini are 0.00021 USD online.
    assert (row.cost_usd, row.batch_id, row.price_source.endswith("batch x0.5")) == (
        Decimal("0.00010500"),
        "batch_1",
        True,
    )
    assert gateway.summary()["by_outcome"] == {"ok": 40}
    online = list(make(mode="online").run(asked(i) for i in range(40)))
    assert {result.cached for result in online} == {True}
    assert service.online == 0


def test_a_second_run_pays_nothing(make: Callable[..., Gateway], service: BatchServer) -> None:
    run(make(), 10)
    before = rows().count()
    again = run(make(), 10)
    assert {result.cached for result in again.values()} == {True}
    assert (service.created, rows().count()) == (1, before)
    from vitrina.llm.models import LlmBatchItem

    bodies = LlmBatchItem.objects.values_list("request_body", flat=True)
    assert {bytes(body) for body in bodies} == {b""}, "they stand in the ledger"


def test_of_an_expired_batch_what_came_is_kept_and_only_the_rest_is_sent_again(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(expire=0.5)
    results = run(make(), 60)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert service.created == 2
    assert set(service.answered.values()) == {1}
    assert len(service.answered) == 60
    first = service.files["file-1"].count(b"\n")
    second = service.files["file-2"].count(b"\n")
    assert first == 60
    assert 15 < second < 45
    assert rows().count() == 60


def test_the_answer_to_a_creation_that_is_lost_makes_no_second_batch(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(lose_create=1)
    results = run(make(), 5)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert service.created == 1
    assert set(service.answered.values()) == {1}


def test_failed_rows_end_by_their_class(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(errors=0.3, refuse=0.3)
    results = run(make(), 60)
    outcomes = {result.outcome for result in results.values()}
    assert outcomes == {Outcome.OK, Outcome.PERMANENT}
    refused = [result for result in results.values() if result.outcome is Outcome.PERMANENT]
    assert all("bad request" in (result.error or "") for result in refused)
    assert rows().filter(status="permanent", ended=True).count() == len(refused)
    assert rows().filter(status="server", ended=False).count() > 0
    assert set(service.answered.values()) == {1}
    assert not rows().exclude(status="ok").exclude(cost_usd=0).exists()


def test_rows_that_always_fail_end_after_three_tries(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(errors=1.0, first_only=False)
    results = run(make(), 4)
    assert {(result.outcome, result.ok) for result in results.values()} == {(Outcome.SERVER, False)}
    assert service.created == 3
    assert rows().filter(ended=True).count() == 4


def test_a_cut_answer_is_asked_again_with_more_room(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(truncate=1.0, needs_tokens=150)
    results = run(make(), 3)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert [json.loads(line)["body"]["max_tokens"] for line in service.files["file-2"].splitlines()] == [200] * 3
    assert rows().filter(status="truncated", answered=False).count() == 3


def test_a_batch_that_the_provider_refuses_ends_its_requests_with_the_reason(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(fail="Enqueued token limit reached")
    results = run(make(), 3)
    assert {result.outcome for result in results.values()} == {Outcome.SERVER}
    assert all("Enqueued token limit" in (result.error or "") for result in results.values())
    assert service.created == 3
    assert rows().filter(status="server", ended=True, cost_usd=0).count() == 3


def test_files_keep_their_limits(make: Callable[..., Gateway], service: BatchServer) -> None:
    gateway = make()
    ids = gateway.batches(max_requests=4, list_lag=timedelta(0)).submit([asked(i) for i in range(10)])
    assert len(ids) == 3
    assert sorted(data.count(b"\n") for data in service.files.values()) == [2, 4, 4]
    service.reset()
    batches = make(model="gpt-4o").batches(max_bytes=400, list_lag=timedelta(0))
    results = list(batches.run_batch([asked("a"), asked("b"), asked("x" * 500)]))
    assert sorted(result.outcome for result in results) == ["ok", "ok", "permanent"]
    assert all(len(data) <= 400 for name, data in service.files.items() if "batch" not in name)


def test_a_batch_that_the_account_has_no_more_is_sent_anew(make: Callable[..., Gateway], service: BatchServer) -> None:
    make().batches().submit([asked(i) for i in range(4)])
    service.reset()
    assert {result.outcome for result in run(make(), 4).values()} == {Outcome.OK}
    assert set(service.answered.values()) == {1}


def test_models_do_not_share_a_file(make: Callable[..., Gateway], service: BatchServer) -> None:
    make().batches().submit([asked(1), asked(2, model="gpt-4o"), asked(3)])
    models = [{json.loads(line)["body"]["model"] for line in data.splitlines()} for data in service.files.values()]
    assert sorted(models, key=str) == [{"gpt-4o"}, {"gpt-4o-mini"}]


def test_an_answer_that_breaks_its_contract_gets_its_second_call_in_a_further_batch(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    def judge(request: ChatRequest, data: Any) -> Any:
        if "again" not in data["answer"] and request.item_id == "1":
            raise InvalidAnswerError(["say it again"])
        return data["answer"]

    contract = Contract(judge, repair=lambda request, text, problems: [{"role": "user", "content": "again"}])
    results = run(make(), 3, contract=contract)
    assert (results["1"].ok, results["1"].repaired, results["1"].parsed) == (True, True, "again")
    assert results["0"].parsed == "question 0"
    assert service.created == 2
    assert service.online == 0


def test_a_budget_is_set_aside_before_a_batch_is_sent(make: Callable[..., Gateway], service: BatchServer) -> None:
    # A question is about 15 tokens in and 100 out: 0.00003 USD at half the price.
    results = run(make(budget_usd=Decimal("0.00010")), 10)
    outcomes = [result.outcome for result in results.values()]
    assert set(outcomes) == {Outcome.OK, Outcome.BUDGET}
    assert 1 <= outcomes.count(Outcome.OK) <= 5
    assert service.files["file-1"].count(b"\n") == outcomes.count(Outcome.OK)


def test_a_contract_that_stays_broken_is_a_failure_that_a_person_finds_once_and_has_asked_anew(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    def judge(request: ChatRequest, data: Any) -> Any:
        if request.item_id != "0":
            raise InvalidAnswerError(["never good enough"])
        return data["answer"]

    contract = Contract(judge, repair=lambda request, text, problems: [{"role": "user", "content": "again"}])
    for _ in range(2):  # a later run judges the same answers, and no row is added
        results = run(make(), 2, contract=contract)
        assert (results["0"].ok, results["1"].outcome) == (True, Outcome.INVALID)
        [failure] = list_failures(dsn)
        assert (failure.item_id, failure.error_class, failure.error) == ("1", "contract", "never good enough")
    assert rows().filter(status="invalid").count() == 1
    assert len(failure.tries) == 2, "the first call and the one in its place are one question"
    assert again(dsn, Which()) == 1
    run(make(), 2, contract=contract)
    assert sorted(service.answered.values()) == [1, 2, 2], "both calls of that question, and no other"


def test_a_key_that_is_no_secret_breaks_no_row(make: Callable[..., Gateway], service: BatchServer) -> None:
    run(make(api_key="tok"), 1)  # stands in "prompt_tokens"
    assert rows().get().prompt_tokens == 1_000
