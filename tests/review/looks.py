"""Approved texts that are looked at again, for tests: cases with a check that spoke, and time that goes by."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.catalog.making import catalogue, day, parsed, take, verdict, version
from tests.review.passing import let_pass
from vitrina.catalog.publishing import publish
from vitrina.config import get_settings
from vitrina.review.judgement import Judgement
from vitrina.review.models import ReviewItem, SecondLook
from vitrina.review.moderating import decide_case
from vitrina.review.outbox import CONSUMERS, reconcile
from vitrina.review.queue import claim
from vitrina.review.results import Decided

SAID = {"rule": "few_facts", "priority": 2, "message_ru": "Фактов мало", "message_en": "Few facts", "details": []}
EDIT = {"title": "Платье", "body": "<p>Своими словами</p>"}
APPROVE, REJECT = Judgement("approve"), Judgement("reject", reasons=["invented"], comment="нет такого")


def draw_all(monkeypatch: pytest.MonkeyPatch, percent: float = 100) -> None:
    """From now on so many approvals are looked at again."""
    monkeypatch.setenv("REVIEW_SECOND_LOOK_PERCENT", str(percent))
    get_settings.cache_clear()


def make_case(number: int = 1) -> ReviewItem:
    """A text that waits for a person."""
    take(day(number), [parsed(str(number), f"Платье {number}")])
    text = version(catalogue()[str(number)])
    verdict(text, approved=False)
    return ReviewItem.objects.create(
        kind="text", key=f"version:{text.pk}", product=text.product, version=text, priority=2, reasons=[SAID]
    )


def decide(user: User, item: ReviewItem, judgement: Judgement = APPROVE) -> Decided:
    """Take a case and decide it."""
    return decide_case(user, claim(user, item.pk).token, judgement)


def effect() -> Any:
    """The minute for undoing passes, and a publication pass after it."""
    let_pass()
    return publish(get_settings(), run_id="run")


def drawn_case(user: User, judgement: Judgement = APPROVE, number: int = 1) -> tuple[ReviewItem, ReviewItem]:
    """A case that this person decided, in effect, and the case of the second look at it."""
    first = make_case(number)
    decide(user, first, judgement)
    effect()
    return first, SecondLook.objects.get(first__item=first).item


def balanced() -> bool:
    """Whether no consumer lost a decision."""
    return all(reconcile(consumer).balanced for consumer in CONSUMERS)


def outcome() -> str:
    """Of the only second look."""
    return str(SecondLook.objects.get().outcome)
