"""Votes of several people become one preference: nothing is overruled without reason, nothing is coin-flipped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vitrina.preferences.aggregation import PairVote, aggregate, consensus

CHOICES = st.sampled_from(["A", "B", "E"])


def votes(*choices: str) -> list[PairVote]:
    """``A``, ``B``, ``E``, or ``X`` for both bad, each by another person."""
    return [PairVote(f"p{n}", "E" if c == "X" else c, c == "X") for n, c in enumerate(choices)]


def outcome(*choices: str) -> str:
    return aggregate({1: votes(*choices)})[1].outcome


def test_the_outcomes() -> None:
    assert outcome("A") == "a"
    assert outcome("B", "B") == "b"
    assert outcome("A", "A", "B") == "a"
    assert outcome("A", "B") == "split"
    assert outcome("A", "B", "E") == "split"
    assert outcome("E", "E") == "tie"
    assert outcome("X", "X", "E") == "both_bad"
    assert outcome("X", "E") == "tie", "half is not most"
    assert outcome("X", "X", "A") == "both_bad"


def test_margin_and_agreement() -> None:
    found = aggregate({1: votes("A", "A", "B", "E"), 2: votes("E", "E"), 3: votes("B")})
    assert (found[1].margin, found[1].agreement) == (0.25, 0.5)
    assert (found[2].margin, found[2].agreement) == (None, 1.0)
    assert (found[3].margin, found[3].agreement) == (1.0, 1.0)


def test_few_labels_are_not_enough_to_know_people_by() -> None:
    assert consensus({n: votes("A", "B") for n in range(49)}) is None
    assert consensus({n: votes("A", "B") for n in range(60)}) is None, "two people"
    assert consensus({n: votes("A", "B", "A") for n in range(60)}) is not None


def test_one_careless_person_does_not_split_what_two_careful_ones_decide() -> None:
    """The careless one votes A on everything; each pair has the vote of one careful person and theirs."""
    given_votes = {}
    for pair in range(240):
        truth = "AB"[pair % 2]
        careful = [PairVote(f"careful{n}", truth) for n in range(3) if n != pair % 3]
        # Every other pair has only one careful vote, against the careless one.
        given_votes[pair] = [*careful[: 1 + pair // 2 % 2], PairVote("careless", "A")]
    found = aggregate(given_votes)
    assert {found[pair].outcome for pair in found if pair % 2} == {"b"}
    assert found[1].probability_a is not None
    assert found[1].probability_a < 0.3


@given(st.dictionaries(st.integers(0, 200), st.lists(CHOICES, min_size=1, max_size=5), min_size=1, max_size=80))
def test_an_outcome_is_an_answer_that_somebody_gave_and_unanimous_votes_stand(given_votes: dict) -> None:
    found = aggregate({pair: votes(*choices) for pair, choices in given_votes.items()})
    for pair, choices in given_votes.items():
        said = {"A": "a", "B": "b", "E": "tie"}
        assert found[pair].outcome in {said[choice] for choice in choices} | {"split"}
        if len(set(choices)) == 1:
            assert found[pair].outcome == said[choices[0]]


@given(st.dictionaries(st.integers(0, 200), st.lists(CHOICES, min_size=1, max_size=5), min_size=1, max_size=80))
def test_swapping_the_sides_swaps_the_outcomes(given_votes: dict) -> None:
    mirror = {"A": "B", "B": "A", "E": "E"}
    found = aggregate({pair: votes(*choices) for pair, choices in given_votes.items()})
    swapped = aggregate({pair: votes(*(mirror[c] for c in choices)) for pair, choices in given_votes.items()})
    turned = {"a": "b", "b": "a", "tie": "tie", "split": "split"}
    for pair in given_votes:
        assert swapped[pair].outcome == turned[found[pair].outcome]
        assert swapped[pair].margin == found[pair].margin
