"""Checks of the feedback location: they see what they are there for, and block what must not go on."""

from __future__ import annotations

import hashlib
from typing import Any

import dagster as dg
import pytest

from tests.fakes.roles import acting
from vitrina.config import get_settings

pytestmark = pytest.mark.usefixtures("database")


def run(job: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    from pipelines.feedback import defs

    with acting():
        return defs.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


def told(result: dg.ExecuteInProcessResult) -> str:
    return " ".join(str(event.event_specific_data) for event in result.all_events if event.is_step_failure)


def check(name: str) -> Any:
    """The result of a check, asked for by itself."""
    from assets.feedback import preference_dataset, preferences
    from resources.object_store import ObjectStoreResource
    from resources.warehouse import Warehouse

    found = getattr(preference_dataset, name, None) or getattr(preferences, name)
    wanted = {"object_store": ObjectStoreResource(), "warehouse": Warehouse()}
    names = [key for key in wanted if key in found.node_def.required_resource_keys]
    return found(**{key: wanted[key] for key in names})


def compared(pairs: int = 25) -> None:
    from django.db import connection

    from tests.preferences.people import batch, let_pass, person, vote

    where = batch(pairs)
    # Sides are drawn by the server, and one true draw of twenty lies outside of the interval of `sides_are_even`
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
    for user in (person(), person()):
        vote(user, where)
    let_pass()


def test_without_preferences_the_run_says_what_is_missing(instance: dg.DagsterInstance) -> None:
    result = run("make_preference_dataset", instance)
    assert not result.success
    assert "There are no preferences yet" in told(result)


def test_ties_alone_are_told_of(instance: dg.DagsterInstance) -> None:
    from tests.preferences.people import batch, let_pass, person, vote

    vote(person(), batch(3, overlap=1), "E")
    let_pass()
    result = run("make_preference_dataset", instance)
    assert not result.success
    assert "None of 3 preferences is a decided pair: 3 are ties." in told(result)


def test_a_leak_in_the_files_fails_the_blocking_check(instance: dg.DagsterInstance) -> None:
    from vitrina.objects import open_store
    from vitrina.preferences.dataset import files
    from vitrina.preferences.dataset.versions import columns_of, newest, read_rows

    compared()
    found = evaluations(run("make_preference_dataset", instance))
    assert all(one.passed for one in found.values())
    assert found["sides_do_not_meet"].blocking
    version, store = newest(), open_store(get_settings())
    assert version is not None
    leak = [{**row, "side": "test"} for row in read_rows(store, version, "train.parquet")[:2]]
    data = files.to_parquet(leak, columns_of("test.parquet"))
    store.put(f"{version.prefix}/test.parquet", data)
    version.files["test.parquet"]["sha256"] = hashlib.sha256(data).hexdigest()
    version.save()
    result = check("sides_do_not_meet")
    assert not result.passed
    assert "prompt" in result.metadata["meeting"].value


def test_a_preference_that_says_the_opposite_is_found(instance: dg.DagsterInstance) -> None:
    from vitrina.preferences.models import Preference

    compared(3)
    assert evaluations(run("collect_preferences", instance))["preferences_say_what_people_said"].passed
    row = Preference.objects.order_by("pk")[0]
    Preference.objects.filter(pk=row.pk).update(outcome="b" if row.outcome == "a" else "a")
    result = check("preferences_say_what_people_said")
    assert (result.passed, result.metadata["wrong"].value) == (False, 1)


def test_a_page_that_favours_a_side_is_noticed(instance: dg.DagsterInstance) -> None:
    from tests.preferences.people import batch, let_pass, person, vote
    from vitrina.review.comparing import decide_pair
    from vitrina.review.models import Decision, Lease
    from vitrina.review.queue import next_item
    from vitrina.review.results import Taken

    anna, where = person(), batch(40, overlap=1)
    while isinstance(taken := next_item(anna, batch=where), Taken):
        decide_pair(anna, taken.token, side="left")
    let_pass()
    found = evaluations(run("collect_preferences", instance))
    assert not found["sides_are_even"].passed
    assert found["sides_are_even"].severity == dg.AssetCheckSeverity.WARN
    assert found["preferences_say_what_people_said"].passed
    assert Decision.objects.filter(shown="left").count() == Lease.objects.count() == 40
    assert vote(anna, where) == 0


def test_the_dataset_goes_to_no_hub_unless_one_is_named(instance: dg.DagsterInstance) -> None:
    compared(5)
    result = run("make_preference_dataset", instance)
    [event] = result.asset_materializations_for_node("preference_dataset")
    assert event.metadata["pushed"].value == "no repository is set"
    assert "100 are wanted" in event.metadata["missing"].value
