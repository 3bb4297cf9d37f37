"""Sensors that ask again when a run failed, and never while one is under way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from sensors.requests import TRIES, attempt
from tests.fakes.catalogue import Ticker, put, run
from vitrina.config import get_settings

if TYPE_CHECKING:
    from tests.conftest import Processed

ENDED = {"FAILURE": dg.DagsterRunStatus.FAILURE, "CANCELED": dg.DagsterRunStatus.CANCELED}


def record(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus, job: str) -> str:
    """A run as the daemon would have made it of the request, in a given state."""
    from dagster import DagsterRun

    made = DagsterRun(job_name=request.job_name or job, tags=dict(request.tags), status=status)
    instance.add_run(made)
    return made.run_id


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.requests._PAUSE", timedelta(0))


# -- reference files ---------------------------------------------------------------------------------------


@pytest.fixture
def reference(database: str, instance: dg.DagsterInstance) -> Ticker:
    return Ticker("reference_files", instance)


def test_without_a_category_tree_nothing_is_asked_for(reference: Ticker) -> None:
    put("reference/templates.yaml", b"templates: []")
    assert reference.tick() == []


def test_a_changed_reference_file_is_asked_for_once(reference: Ticker) -> None:
    put("reference/categories.yaml", b"categories: []")
    [request] = reference.tick()
    record(reference.instance, request, dg.DagsterRunStatus.SUCCESS, "reference_data")
    assert reference.tick() == []
    assert reference.tick() == []
    put("reference/labels/more.csv", b"title,category_slug\n")
    assert len(reference.tick()) == 1


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_reference_files_that_are_being_read_are_not_asked_for_twice(
    reference: Ticker, status: dg.DagsterRunStatus
) -> None:
    put("reference/categories.yaml", b"categories: []")
    [request] = reference.tick()
    record(reference.instance, request, status, "reference_data")
    assert reference.tick() == []
    put("reference/categories.yaml", b"categories: [] # newer")
    assert reference.tick() == []


@pytest.mark.parametrize("status", ENDED.values(), ids=ENDED)
def test_reference_files_whose_run_failed_are_asked_for_again(
    reference: Ticker, status: dg.DagsterRunStatus, hurried: None
) -> None:
    put("reference/categories.yaml", b"categories: []")
    for _ in range(TRIES):
        [request] = reference.tick()
        record(reference.instance, request, status, "reference_data")
    assert reference.tick() == [], "then a person is needed"


def test_the_pause_between_tries_grows(instance: dg.DagsterInstance) -> None:
    tags = {"purpose": "x"}
    assert attempt(instance, tags) == 0
    run_id = record(instance, dg.RunRequest(tags=tags, job_name="j"), dg.DagsterRunStatus.FAILURE, "j")
    made = instance.get_run_record_by_id(run_id)
    assert made is not None
    now = made.create_timestamp
    assert "asked for at" in str(attempt(instance, tags, now=now + timedelta(seconds=20)))
    assert attempt(instance, tags, now=now + timedelta(seconds=40)) == 1


# -- decisions -----------------------------------------------------------------------------------------------


@pytest.fixture
def decisions(processed: Processed, monkeypatch: pytest.MonkeyPatch) -> Ticker:
    monkeypatch.setattr(get_settings(), "decisions_run_after_seconds", 0.0)
    return Ticker("review_decisions", processed.instance)


def open_text() -> int:
    from vitrina.review.models import ReviewItem

    item = ReviewItem.objects.filter(kind="text", state="open", version__isnull=False).order_by("id").first()
    assert item is not None, "the samples hold doubtful texts"
    return item.pk


def test_an_approved_text_is_published_by_the_run_that_the_decision_asks_for(decisions: Ticker) -> None:
    from vitrina.catalog.models import Publication
    from vitrina.review.models import Outbox, ReviewItem
    from vitrina.review.services import approve

    assert decisions.tick() == []
    item = open_text()
    product = ReviewItem.objects.get(pk=item).product_id
    approve(item, by="editor")
    [request] = decisions.tick()
    assert request.job_name == "publish"
    run("publish", decisions.instance, tags=request.tags)
    assert Publication.objects.filter(product=product, state="published").exists()
    assert not Outbox.objects.filter(consumed_at__isnull=True).exists()
    assert decisions.tick() == []


def test_a_decision_waits_while_a_run_for_the_one_before_is_under_way(decisions: Ticker, hurried: None) -> None:
    from vitrina.review.services import approve

    approve(open_text(), by="editor")
    [request] = decisions.tick()
    run_id = record(decisions.instance, request, dg.DagsterRunStatus.STARTED, "publish")
    approve(open_text(), by="editor")
    assert decisions.tick() == []
    decisions.instance.report_run_failed(decisions.instance.get_run_by_id(run_id))
    assert len(decisions.tick()) == 1


def test_a_failed_run_is_asked_for_again_and_not_for_ever(decisions: Ticker, hurried: None) -> None:
    from vitrina.review.services import reprocess

    reprocess(open_text(), by="editor")
    for _ in range(TRIES):
        [request] = decisions.tick()
        assert request.job_name == "describe"
        assert request.partition_key is not None
        # success without the text: a model that refuses must not be asked every ten seconds
        record(decisions.instance, request, dg.DagsterRunStatus.SUCCESS, "describe")
    assert decisions.tick() == []


def test_a_text_to_be_made_again_gets_a_new_version(decisions: Ticker) -> None:
    from vitrina.content.models import ContentVersion
    from vitrina.review.models import ReviewItem
    from vitrina.review.services import reprocess

    item = open_text()
    product = ReviewItem.objects.get(pk=item).product_id
    before = ContentVersion.objects.count()
    reprocess(item, by="editor")
    [request] = decisions.tick()
    run("describe", decisions.instance, [request.partition_key], tags=request.tags)
    assert ContentVersion.objects.count() == before + 1
    assert ContentVersion.objects.filter(product=product).count() == 2
    assert decisions.tick() == []
