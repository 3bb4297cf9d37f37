"""Runs over the API: asked for, followed to their end, and what is said whatever Dagster does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.catalog.making import catalogue, day, parsed, take
from tests.workbench.conftest import dagster

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from tests.workbench.dagster_server import FakeDagster

__all__ = ["dagster"]
pytestmark = pytest.mark.usefixtures("database")
Callers = Callable[..., "Caller"]
UNKNOWN = "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11"


@pytest.fixture
def product() -> Any:
    take(day(0), [parsed("A-1", "Платье")])
    return catalogue()["A-1"]


def launched(me: Caller, product: Any) -> str:
    answer = me.post(f"products/{product.pk}/process", {"categorise": False, "force": True})
    assert answer.status_code == 202
    return str(answer.json()["run"])


def test_a_run_is_asked_for_with_its_options_and_followed_to_its_end(
    caller: Callers, dagster: FakeDagster, product: Any
) -> None:
    me = caller("moderator")
    run = launched(me, product)
    config = dagster.launched[0]["runConfigData"]["ops"]["process_chosen"]["config"]
    assert config == {
        "product_ids": [product.pk], "pictures": False, "categorise": False, "describe": True, "refresh": False,
        "force": True, "again": 1, "template": "",
    }  # fmt: skip
    dagster.says = ["texts: 1 asked"]
    told = me.get(f"runs/{run}").json()
    assert (told["run"], told["job"], told["status"], told["going_on"]) == (run, "process_products", "STARTED", True)
    assert (told["started"], told["ended"]) == ("2025-06-15T15:06:40Z", None)
    assert [(line["text"], line["bad"]) for line in told["lines"]] == [("texts: 1 asked", False)]
    dagster.status = "SUCCESS"
    told = me.get(f"runs/{run}").json()
    assert (told["status"], told["going_on"], told["ended"]) == ("SUCCESS", False, "2025-06-15T15:06:52Z")


def test_a_failed_run_says_why_in_its_own_innermost_words(caller: Callers, dagster: FakeDagster, product: Any) -> None:
    me = caller("moderator")
    run = launched(me, product)
    dagster.status, dagster.fails_with = "FAILURE", "There is no active template 'x'."
    [line] = me.get(f"runs/{run}").json()["lines"]
    assert line["bad"]
    assert line["text"] == "process_chosen: There is no active template 'x'."


def test_unknown_runs_and_those_of_other_jobs_are_not_found(caller: Callers, dagster: FakeDagster) -> None:
    me = caller("moderator")
    assert me.get(f"runs/{UNKNOWN}").status_code == 404
    dagster.runs[UNKNOWN] = {"selector": {"jobName": "train"}, "executionMetadata": {"tags": []}}
    assert me.get(f"runs/{UNKNOWN}").status_code == 404
    assert caller("admin").get(f"runs/{UNKNOWN}").json()["job"] == "train"
    assert caller("annotator").get(f"runs/{UNKNOWN}").status_code == 403
    assert me.get("runs/no-number").status_code == 404


def test_what_a_run_says_is_kept_from_who_may_compare_the_products_texts(
    caller: Callers, batch: Callable[..., Any], dagster: FakeDagster, product: Any
) -> None:
    from vitrina.review.batches import add_pairs
    from vitrina.review.results import PairDraft

    me = caller("moderator")
    run = launched(me, product)
    dagster.says = ["asked secret-model"]
    assert "secret-model" in str(me.get(f"runs/{run}").json())
    add_pairs(batch(1, role="moderator"), [PairDraft("Текст один", "Текст два", product_id=product.pk)])
    told = me.get(f"runs/{run}").json()
    assert (told["lines"], told["status"]) == ([], "STARTED")


def test_dagster_that_is_away_or_refuses_is_a_problem_with_a_time_to_ask_again(
    caller: Callers, dagster: FakeDagster, product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.config import get_settings

    me = caller("moderator")
    run = launched(me, product)
    dagster.broken = True
    answer = me.get(f"runs/{run}")
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert int(answer["Retry-After"]) > 0
    dagster.broken, dagster.refuses = False, "no such job"
    refused = me.post(f"products/{product.pk}/process")
    assert (refused.status_code, "no such job" in refused.json()["message"]) == (503, True)
    monkeypatch.setenv("DAGSTER_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()
    assert me.get(f"runs/{run}").status_code == 503
