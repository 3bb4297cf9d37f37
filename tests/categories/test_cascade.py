"""Who decides, and how sure the outcome is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.categories.cascade import DecidedBy, LlmAnswer, Thresholds, decide, neighbour_confidence, settle
from vitrina.categories.model import Prediction
from vitrina.categories.nearest import Neighbour

THRESHOLDS = Thresholds(automatic=0.8, review=0.75)
NEAR = [Neighbour("a", 0.6), Neighbour("b", 0.3)]


class FakeLlm:
    """Answers the same to everyone and counts who asked."""

    def __init__(self, answer: LlmAnswer | None) -> None:
        self.answer = answer
        self.calls = 0

    def __call__(self) -> LlmAnswer | None:
        self.calls += 1
        return self.answer


def test_a_sure_classifier_decides_and_nobody_is_asked() -> None:
    llm = FakeLlm(LlmAnswer("b", 1.0))
    decision = decide(Prediction("a", 0.85, (("b", 0.1),)), NEAR, THRESHOLDS, llm)
    assert llm.calls == 0
    assert (decision.slug, decision.confidence, decision.decided_by) == ("a", 0.85, DecidedBy.CLASSIFIER)
    assert decision.alternatives == (("b", 0.1),)
    assert not decision.asked
    assert not decision.needs_person


def test_at_the_automatic_threshold_nobody_is_asked_and_just_below_someone_is() -> None:
    llm = FakeLlm(None)
    decide(Prediction("a", 0.8), NEAR, THRESHOLDS, llm)
    assert llm.calls == 0
    decide(Prediction("a", 0.7999), NEAR, THRESHOLDS, llm)
    assert llm.calls == 1


@pytest.mark.parametrize("prediction", [None, Prediction("a", 0.999)])
def test_without_an_automatic_threshold_everything_is_asked(prediction: Prediction | None) -> None:
    llm = FakeLlm(None)
    assert decide(prediction, NEAR, Thresholds(automatic=None), llm).asked
    assert llm.calls == 1


def test_an_automatic_answer_below_the_review_threshold_still_goes_to_a_person() -> None:
    decision = decide(Prediction("a", 0.85), NEAR, Thresholds(automatic=0.8, review=0.9))
    assert decision.needs_person


def test_a_model_that_agrees_with_the_classifier_settles_it() -> None:
    decision = settle(
        Prediction("a", 0.6, (("b", 0.2),)), NEAR, THRESHOLDS, LlmAnswer("a", 0.9, reasoning="Слово «а».")
    )
    assert decision.slug == "a"
    assert decision.confidence > 0.75
    assert not decision.needs_person
    assert "Слово «а»." in decision.reasoning


def test_a_model_that_disagrees_lowers_confidence_and_a_person_decides() -> None:
    decision = settle(Prediction("a", 0.6, (("c", 0.2),)), [], THRESHOLDS, LlmAnswer("b", 0.9))
    assert decision.confidence < 0.6
    assert decision.needs_person
    assert {slug for slug, _ in decision.alternatives} == {"a", "c"}


def test_a_model_alone_is_not_believed_as_far_as_it_says() -> None:
    decision = settle(None, [], THRESHOLDS, LlmAnswer("a", 0.9))
    assert decision.decided_by is DecidedBy.LLM
    assert decision.confidence == pytest.approx(0.72)
    assert decision.needs_person


def test_a_sure_model_and_the_nearest_category_together_suffice_without_a_classifier() -> None:
    assert not settle(None, NEAR, THRESHOLDS, LlmAnswer("a", 0.95)).needs_person


def test_neighbours_alone_always_go_to_a_person() -> None:
    decision = decide(None, [Neighbour("a", 1.0)], Thresholds(automatic=None))
    assert decision.decided_by is DecidedBy.NEIGHBOURS
    assert decision.needs_person
    assert not decision.asked


def test_the_classifier_alone_keeps_its_calibrated_figure() -> None:
    decision = settle(Prediction("a", 0.6, (("b", 0.3),)), [], THRESHOLDS, None)
    assert decision.confidence == pytest.approx(0.6)
    assert decision.alternatives == (("b", 0.3),)


def test_an_answer_that_names_no_category_changes_nothing() -> None:
    prediction = Prediction("a", 0.6)
    assert (
        settle(prediction, [], THRESHOLDS, LlmAnswer(None, 1.0)).confidence
        == settle(prediction, [], THRESHOLDS, None).confidence
    )


def test_with_nothing_said_there_is_no_category() -> None:
    decision = decide(None, [], THRESHOLDS)
    assert (decision.slug, decision.confidence, decision.decided_by) == (None, 0.0, DecidedBy.NOBODY)
    assert decision.needs_person


def test_a_clear_lead_of_the_nearest_category_counts_more_than_a_tie() -> None:
    tie = [Neighbour("a", 0.5), Neighbour("b", 0.5)]
    assert neighbour_confidence(NEAR) > neighbour_confidence(tie) > 0
    assert neighbour_confidence([]) == neighbour_confidence([Neighbour("a", 0.0)]) == 0


shares = st.floats(0, 1)
slugs = st.sampled_from("abcd")


@given(
    st.none() | st.builds(Prediction, slugs, shares, st.lists(st.tuples(slugs, shares), max_size=3).map(tuple)),
    st.lists(st.builds(Neighbour, slugs, shares), max_size=5),
    st.none() | st.builds(LlmAnswer, st.none() | slugs, shares),
    st.none() | shares,
)
def test_every_outcome_is_a_probability_and_doubt_goes_to_a_person(
    prediction: Prediction | None, neighbours: list[Neighbour], answer: LlmAnswer | None, automatic: float | None
) -> None:
    decision = decide(prediction, neighbours, Thresholds(automatic), lambda: answer)
    assert 0 <= decision.confidence <= 1
    assert len(decision.alternatives) <= 3
    assert decision.slug not in dict(decision.alternatives)
    assert decision.needs_person == (decision.slug is None or decision.confidence < 0.75)
