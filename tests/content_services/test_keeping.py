"""Answers that are no answers: what a run keeps of a question that a later one goes on with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.catalog.making import catalogue, day, parsed, take
from tests.content.examples import DRESS_RU
from vitrina.content.best_of_answers import BestOf, chosen_answers
from vitrina.content.cases import failed_cases
from vitrina.content.keeping import DescribeResult, Order, keep
from vitrina.content.models import ProcessingLog
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import UNFINISHED, ChatResult, Outcome
from vitrina.review.models import ReviewItem
from vitrina.review.services import reprocess, wanted_again

pytestmark = pytest.mark.usefixtures("database")


def asked(product, outcome, sample=0):
    order = Order(replace(DRESS_RU, product_id=product.pk), "inputs", "full", (), 1, 0, product.drop_id)
    request = ChatRequest([], "product_description", item_id=str(product.pk), sample=sample, context=order)
    return ChatResult(request, outcome, error="no answer")


@pytest.fixture
def product():
    """One product that a person asked to be written again."""
    take(day(1), [parsed("1", DRESS_RU.title)])
    [made] = catalogue().values()
    case = ReviewItem.objects.create(kind="text", key=f"product:{made.pk}", product=made, priority=2)
    reprocess(case.pk, by="anna", comment="shorter")
    return made


def test_a_question_without_an_answer_leaves_the_request_open_and_opens_no_case(product):
    result = DescribeResult()
    keep([asked(product, outcome) for outcome in UNFINISHED], result, "run-1")
    assert set(result.failed) == UNFINISHED
    assert set(ProcessingLog.objects.values_list("status", "completed_at")) == {("pending", None)}
    assert wanted_again([product.pk]) == {product.pk}
    assert failed_cases([product]) == []


def test_a_refusal_answers_the_request_and_opens_a_case(product):
    keep([asked(product, Outcome.REFUSAL)], DescribeResult(), "run-1")
    assert ProcessingLog.objects.get().status == "failed"
    assert wanted_again([product.pk]) == frozenset()
    assert [case.key for case in failed_cases([product])] == [f"product:{product.pk}"]


def test_of_several_samples_one_that_is_still_open_keeps_the_product_open(product):
    best_of = BestOf(2, False, "", 0.0, lambda groups, run_id: [])
    for outcome in UNFINISHED:
        answers = [asked(product, Outcome.REFUSAL), asked(product, outcome, sample=1)]
        [[worst]] = chosen_answers(answers, best_of, DescribeResult(), "run-1", 50)
        assert worst.outcome is outcome
