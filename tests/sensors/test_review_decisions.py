"""From decisions at the desk to runs: when one is asked for, what it changes, and that nothing is lost on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from sensors.decisions import Work, run_key
from tests.fakes.catalogue import REPOSITORY, Ticker, location, run
from vitrina.config import get_settings

if TYPE_CHECKING:
    from tests.conftest import Processed

KILLED_BEFORE_MARKING = """
import os, signal
import dagster as dg
from vitrina.project.setup import setup_django
setup_django()
from tests.fakes.catalogue import run
from vitrina.review import services

def dies(rows, *, run_id):
    os.kill(os.getpid(), signal.SIGKILL)

services.consumed = dies
with dg.DagsterInstance.ephemeral() as instance:
    run("publish", instance)
"""


@pytest.fixture
def decisions(processed: Processed) -> Ticker:
    return Ticker("review_decisions", processed.instance)


def moderator(name: str = "maria") -> Any:
    from django.contrib.auth.models import Group, User

    user, _ = User.objects.get_or_create(username=name)
    user.groups.add(Group.objects.get_or_create(name="moderator")[0])
    return user


def open_texts(count: int) -> list[int]:
    from vitrina.review.models import ReviewItem

    found = ReviewItem.objects.filter(kind="text", state="open", version__isnull=False).order_by("id")
    ids = list(found.values_list("pk", flat=True)[:count])
    assert len(ids) == count, "the samples hold enough doubtful texts"
    return ids


def decide(item: int, action: str = "approve", **more: Any) -> int:
    from vitrina.review.judgement import Judgement
    from vitrina.review.moderating import decide_case
    from vitrina.review.queue import claim

    maria = moderator()
    return decide_case(maria, claim(maria, item).token, Judgement(action, **more)).decision_id


def wait(seconds: float) -> None:
    """Let the rows' time pass: what is waiting becomes so much older."""
    from django.db.models import F

    from vitrina.review.models import Outbox

    Outbox.objects.update(available_at=F("available_at") - timedelta(seconds=seconds))


def test_few_decisions_wait_until_the_oldest_is_old_enough_and_many_do_not(decisions: Ticker) -> None:
    settings = get_settings()
    first, second, third = open_texts(3)
    decide(first)
    assert decisions.tick() == [], "within the minute for undoing"
    wait(61)
    assert decisions.tick() == [], "alone, and fresh"
    wait(settings.decisions_run_after_seconds)
    [request] = decisions.tick()
    assert request.job_name == "publish"
    decide(second)
    decide(third)
    wait(61)
    settings.decisions_run_at = 3
    [later] = decisions.tick()
    assert later.run_key != request.run_key


def test_the_run_key_names_consumer_newest_row_count_and_attempt() -> None:
    from vitrina.review.outbox import Pending

    assert run_key(Work("publication", Pending(3, 17, 5.0)), 0) == "publication:17:3:0"
    assert run_key(Work("descriptions", Pending(1, 9, 5.0), "shop__a__1"), 2) == "descriptions:shop__a__1:9:1:2"


def test_due_is_enough_rows_or_enough_time() -> None:
    from vitrina.review.outbox import Pending

    limits = {"at_least": 5, "after_seconds": 60.0}
    assert not Pending(0, 0, 0.0).due(**limits)
    assert not Pending(4, 9, 59.0).due(**limits)
    assert Pending(5, 9, 0.0).due(**limits)
    assert Pending(1, 9, 60.0).due(**limits)


def test_an_undone_decision_asks_for_nothing(decisions: Ticker) -> None:
    from vitrina.review.history import undo

    decide(open_texts(1)[0])
    undo(moderator())
    wait(3600)
    assert decisions.tick() == []


def test_what_a_second_person_says_asks_for_a_publication_pass(decisions: Ticker) -> None:
    from vitrina.review.models import ReviewItem

    ReviewItem.objects.filter(pk=(asked := open_texts(1)[0])).update(look=ReviewItem.Look.SECOND)
    decide(asked)
    wait(61 + get_settings().decisions_run_after_seconds)
    [request] = decisions.tick()
    assert (request.job_name, request.tags["vitrina/consumer"]) == ("publish", "second_looks")


def test_a_superseding_rejection_takes_the_text_off_the_shop_and_lowers_its_templates_rate(decisions: Ticker) -> None:
    from vitrina.catalog.models import Publication
    from vitrina.content.models import DescriptionTemplate
    from vitrina.review.history import revise_case
    from vitrina.review.judgement import Judgement
    from vitrina.review.models import ReviewItem

    item = ReviewItem.objects.select_related("version").get(pk=open_texts(1)[0])
    shown = Publication.objects.filter(product=item.product_id, state="published")
    template = DescriptionTemplate.objects.filter(is_active=True).first()
    assert template is not None
    assert item.version is not None
    others = item.version._meta.model.objects.exclude(pk=item.version.pk)
    for other in others.filter(templates__contains=[template.name]):
        other.templates = [name for name in other.templates if name != template.name]
        other.save(update_fields=["templates"])
    item.version.templates = [template.name]
    item.version.save(update_fields=["templates"])

    made = decide(item.pk)
    wait(100)
    [request] = decisions.tick()
    assert run("publish", decisions.instance, tags=request.tags).success
    template.refresh_from_db()
    assert (shown.exists(), template.success_rate) == (True, 1.0)

    revise_case(moderator(), made, Judgement("reject", reasons=["wrong_fact"]))
    wait(100)
    [request] = decisions.tick()
    assert run("publish", decisions.instance, tags=request.tags).success
    template.refresh_from_db()
    assert (shown.exists(), template.success_rate) == (False, 0.0)
    assert decisions.tick() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_between_its_results_and_the_mark_loses_and_doubles_nothing(decisions: Ticker) -> None:
    from vitrina.catalog.models import Publication
    from vitrina.content.models import ContentVersion
    from vitrina.review.models import Outbox
    from vitrina.review.outbox import PUBLICATION, pending, reconcile

    versions = ContentVersion.objects.count()
    item = open_texts(1)[0]
    decide(item, "edit", edit={"title": "Своими словами", "body": "<p>Текст человека</p>"})
    wait(100)
    process = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_MARKING], cwd=REPOSITORY, env=dict(os.environ), timeout=600, check=False,
        capture_output=True,
    )  # fmt: skip
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert (pending(PUBLICATION)[0], ContentVersion.objects.count()) == (1, versions), "neither half stands"
    for _ in range(2):
        assert run("publish", decisions.instance).success
    written = ContentVersion.objects.get(origin="person")
    assert Publication.objects.get(version=written).state == "published"
    assert (ContentVersion.objects.count(), pending(PUBLICATION)[0]) == (versions + 1, 0)
    assert Outbox.objects.filter(consumer=PUBLICATION, consumed_at__isnull=False).count() == 1
    assert reconcile(PUBLICATION).balanced


# -- checks and sweeping ------------------------------------------------------------------------------------


def evaluations(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {(e.asset_key.to_user_string(), e.check_name): e for e in result.get_asset_check_evaluations()}


def test_the_checks_warn_of_a_decision_that_waits_and_fail_for_one_that_was_lost(processed: Processed) -> None:
    from vitrina.review.models import Outbox

    decide(open_texts(1)[0])
    found = evaluations(run("decision_checks", processed.instance))
    assert {key[0] for key in found} == {"published_products", "product_descriptions"}
    assert all(one.passed for one in found.values())

    wait(3800)
    found = evaluations(run("decision_checks", processed.instance))
    late = found["published_products", "no_decision_waits_long"]
    assert (late.passed, late.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found["published_products", "every_decision_arrives"].passed
    assert found["product_descriptions", "no_decision_waits_long"].passed

    Outbox.objects.all().delete()
    lost = evaluations(run("decision_checks", processed.instance))["published_products", "every_decision_arrives"]
    assert (lost.passed, lost.severity, lost.metadata["without_a_row"].value) == (
        False,
        dg.AssetCheckSeverity.ERROR,
        1,
    )


def test_leases_that_ran_out_are_swept_by_their_job_and_only_when_there_are_some(processed: Processed) -> None:
    from resources import default_resources
    from vitrina.review.models import Lease, ReviewItem
    from vitrina.review.queue import claim

    schedule = location().resolve_schedule_def("lease_sweep")

    def tick() -> Any:
        # An instance on disk: a schedule's context opens it by reference, which one in memory does not have.
        with (
            dg.instance_for_test() as instance,
            dg.build_schedule_context(instance=instance, resources=default_resources()) as context,
        ):
            return schedule(context)

    item = open_texts(1)[0]
    claim(moderator(), item)
    assert isinstance(tick(), dg.SkipReason)
    Lease.objects.update(until=datetime.now(UTC) - timedelta(seconds=1))
    assert isinstance(tick(), dg.RunRequest)
    run("lease_sweep", processed.instance)
    assert (ReviewItem.objects.get(pk=item).held, Lease.objects.get().ended_as) == (0, "expired")
    assert isinstance(tick(), dg.SkipReason)
