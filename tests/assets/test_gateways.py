"""What every asset that asks a model shows and checks."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from assets.gateways import answer_checks, answer_results, gateway_metadata, teller
from tests.fakes.catalogue import run
from vitrina.llm.feeding import Progress
from vitrina.llm.outcomes import UNFINISHED

NAMES = [spec.name for spec in answer_checks("any")]
BUDGETS = {"budgets": {"day": {"limit_usd": "1", "spent_usd": "0.4"}}}


def red(asked: int, answered: int, failed: dict[str, int], summary: dict[str, Any] = BUDGETS) -> list[str | None]:
    found = list(answer_results(asked=asked, answered=answered, failed=failed, summary=summary))
    assert [result.check_name for result in found] == NAMES
    return [result.check_name for result in found if not result.passed]


@pytest.mark.parametrize(
    ("asked", "answered", "failed", "wrong"),
    [
        (0, 0, {}, []),
        (9, 9, {}, []),
        (9, 5, {"refusal": 1, "pending": 1, "stopped": 2}, []),
        (9, 5, {"refusal": 1}, ["answers_are_accounted_for"]),
        (20, 18, {"invalid": 2}, []),
        (20, 17, {"invalid": 1, "truncated": 2}, ["answers_keep_their_form"]),
        (9, 8, {"budget": 1}, ["budget_suffices"]),
    ],
)
def test_a_check_is_red_only_where_its_sentence_is_wrong(
    asked: int, answered: int, failed: dict[str, int], wrong: list[str]
) -> None:
    assert red(asked, answered, failed) == wrong


def test_a_budget_that_was_exceeded_is_told() -> None:
    assert red(1, 1, {}, {"budgets": {"day": {"limit_usd": "1", "spent_usd": "1.01"}}}) == ["budget_suffices"]


def test_what_is_left_for_later_is_counted_apart_from_what_failed() -> None:
    failed = {str(outcome): 1 for outcome in UNFINISHED} | {"refusal": 2, "permanent": 1}
    first = next(iter(answer_results(asked=11, answered=1, failed=failed, summary={})))
    assert first.passed
    told = {name: value.value for name, value in first.metadata.items()}
    assert told == {"asked": 11, "answered": 1, "failed": 3, "left_for_later": len(UNFINISHED), "lost": 0}


def test_the_log_says_why_nothing_moves() -> None:
    lines: list[str] = []
    log = SimpleNamespace(info=lambda *_: None, warning=lines.append)
    tell = teller(SimpleNamespace(log=log))  # type: ignore[arg-type]
    tell(Progress(1, 1, 0, 0, 0))  # type: ignore[arg-type]
    tell(Progress(1, 1, 0, 0, 0, "The breaker is open."))  # type: ignore[arg-type]
    assert lines == ["The breaker is open."]


def test_figures_that_json_does_not_know_are_words() -> None:
    shown = gateway_metadata({"cost_usd": Decimal("0.1"), "controls": {"waiting": ""}})
    assert shown["gateway"].value == {"cost_usd": "0.1", "controls": {"waiting": ""}}


@pytest.mark.usefixtures("database", "settings")
def test_each_run_leaves_the_results_of_its_checks(instance: dg.DagsterInstance) -> None:
    """Drops without products: nobody is asked, and that is in order."""
    assets = ["product_categories", "product_descriptions", "product_cards", "image_analysis"]
    result = run("process_drop", instance, ["one", "two"], select=assets)
    found = [(one.asset_key.to_user_string(), one.check_name) for one in result.get_asset_check_evaluations()]
    assert {(asset, name) for asset in assets for name in NAMES} <= set(found)
    assert all(one.passed for one in result.get_asset_check_evaluations())
