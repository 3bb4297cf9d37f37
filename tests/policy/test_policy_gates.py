"""Planted policies and what the gate says to them."""

from collections.abc import Callable

import pytest

from tests.policy.planted import Counting, Different, babbling, better, english, same, samples, text, written
from vitrina.policy.evaluation import judge
from vitrina.policy.gates import MIN_VOTES, Votes, heard, judged, judged_sft
from vitrina.reward.gates import passes


def rules(policy: Callable, votes: Votes | None = None, leaked: int = 0, **more):
    return judged(judge(samples(policy, **more), Counting("стали"), Different(), leaked=leaked), votes)


def broken(found):
    return {rule.name for rule in found if not rule.passed}


def test_a_sound_policy_is_let_through():
    assert passes(rules(better))


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (same, {"beats_sft"}),
        # The judge alone would have let it through: over-optimised texts are held back by what they look like
        (babbling, {"length", "not_cut", "does_not_repeat"}),
        (english, {"language"}),
        (lambda rng: written("Чайник."), {"beats_sft", "length"}),
        (lambda rng: written(text(rng, 4), ended=rng.random() > 0.2), {"not_cut"}),
    ],
)
def test_a_degenerate_policy_is_held_back_for_what_it_does(policy, why):
    assert broken(rules(policy)) >= why


def test_a_stranger_to_the_sft_model_is_held_back():
    assert broken(rules(better, divergence=1.5)) == {"near_to_sft"}


def test_few_prompts_and_leaked_ones_are_no_evidence():
    assert broken(rules(better, count=20)) == {"enough_prompts"}
    assert broken(rules(better, leaked=1)) == {"nothing_leaked"}


def test_what_was_not_measured_is_not_met():
    report = judge(samples(better), Counting("стали"), Different(), leaked=0) | {"kl_per_token": None}
    assert broken(judged(report)) == {"near_to_sft"}


def test_people_have_a_say_once_there_are_enough_of_their_votes():
    assert broken(rules(better, Votes(policy=20, sft=40))) == {"people_prefer_it"}
    assert passes(rules(better, Votes(policy=45, sft=15)))
    few = rules(better, Votes(policy=0, sft=MIN_VOTES - 1))
    assert passes(few)
    assert "people_prefer_it" not in {rule.name for rule in few}
    assert heard(Votes()).startswith("No votes yet; 50 more")
    assert "49 for the SFT model; 1 more" in heard(Votes(policy=0, sft=MIN_VOTES - 1))
    assert heard(Votes(policy=20, sft=40)).endswith("a rule of the gate.")


def test_an_sft_model_that_learned_nothing_is_held_back():
    history = [{"loss_per_token": 7.0}, {"loss_per_token": 6.9}]
    assert not passes(judged_sft({"history": history, "vocabulary": 2048}))
    assert passes(judged_sft({"history": [{"loss_per_token": 0.9}], "vocabulary": 2048}))
