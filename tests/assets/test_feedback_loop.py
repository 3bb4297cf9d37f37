"""From products to pairs, votes at the desk, preferences, and a dataset: the whole way through Dagster."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from tests.fakes.roles import acting
from vitrina.config import get_settings

if TYPE_CHECKING:
    from tests.conftest import Processed
    from vitrina.preferences.pair_records import PairsResult


def run(job: str, instance: dg.DagsterInstance, *, ok: bool = True, **more: Any) -> dg.ExecuteInProcessResult:
    from pipelines.feedback import defs

    with acting():
        return defs.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=ok, **more)


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    [event] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def test_pairs_are_compared_and_become_a_dataset(processed: Processed) -> None:
    from django.db import connection

    from tests.preferences.people import let_pass, longer, person, vote
    from vitrina.objects import open_store
    from vitrina.preferences.dataset.versions import newest, read_rows
    from vitrina.preferences.models import Preference
    from vitrina.review.models import Batch, Outbox

    settings = get_settings()
    settings.pair_products = 40
    made = run("make_pairs", processed.instance)
    told = metadata(made, "response_pairs")
    assert told["pairs"] > 10, told
    assert checks(made)["writers_differ"]
    [batch] = Batch.objects.all()
    # Sides are drawn by the server, and one true draw of twenty lies outside of the interval of `sides_are_even`
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
    for user in (person(), person()):
        assert vote(user, batch, longer) == told["pairs"]
    let_pass()
    result = run("make_preference_dataset", processed.instance)
    assert all(checks(result).values()), checks(result)
    assert metadata(result, "preferences")["decisions_taken"] == 2 * told["pairs"]
    version = newest(validated=True)
    assert version is not None
    assert sum(version.counts["pairs"].values()) + sum(version.counts["set_aside"].values()) == told["pairs"]
    for side, count in version.counts["pairs"].items():
        rows = read_rows(open_store(settings), version, f"{side}.parquet")
        assert len(rows) == count
        assert all(len(row["chosen"]) >= len(row["rejected"]) for row in rows)
    assert not Outbox.objects.filter(consumed_at=None, void_at=None, consumer="preferences").exists()
    again = run("make_preference_dataset", processed.instance)
    assert metadata(again, "preference_dataset")["new_version"] is False
    assert metadata(again, "preferences")["unchanged"] == Preference.objects.count()


class Loop:
    """Stands for making pairs: what it sent, and whether it was asked."""

    def __init__(self, pairs: int) -> None:
        self.pairs, self.asked = pairs, 0

    def __call__(self, *_: Any, **__: Any) -> PairsResult:
        from vitrina.preferences.candidates import Written
        from vitrina.preferences.pair_records import PairsResult

        self.asked += 1
        # With no pair sent, what no retry mends: the waits between tries would take longer than the test.
        failed = Counter(transport=4) if self.pairs else Counter(permanent=9)
        return PairsResult(texts=Written(asked=9, failed=failed, why={"transport": "It broke."}), pairs=self.pairs)


@pytest.mark.parametrize("pairs", [0, 3])
def test_a_run_that_sent_pairs_is_not_tried_again_for_the_texts_it_lacks(
    database: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, pairs: int
) -> None:
    loop = Loop(pairs)
    monkeypatch.setattr("vitrina.preferences.pairing.make_pairs", loop)
    made = run("make_pairs", instance, ok=False)
    assert made.success is bool(pairs)
    if pairs:
        assert loop.asked == 1
        assert metadata(made, "response_pairs")["texts_left_for_later"] == 4


def test_pairs_for_a_reward_model_are_not_made_without_one(
    database: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(3)
    monkeypatch.setattr("vitrina.preferences.pairing.make_pairs", loop)
    config = {"ops": {"response_pairs": {"config": {"shares": {"least_certain": 1.0}}}}}
    made = run("make_pairs", instance, ok=False, run_config=config)
    assert not made.success
    [failed] = made.get_step_failure_events()
    assert "No pairs: no reward model was promoted yet." in str(failed.step_failure_data)
    assert loop.asked == 0
