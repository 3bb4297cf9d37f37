"""Best of n: which of several texts is chosen, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.preferences.choices import Longest
from vitrina.content.best_of import ALONE, NO_SCORER, Option, pick


def test_the_highest_score_wins_among_the_fit() -> None:
    short, long, longest = Option("p", "x"), Option("p", "xx"), Option("p", "xxx", fit=False)
    scorer = Longest()
    found = pick([[short, long, longest], [long], [longest, longest]], scorer)
    assert [one.place for one in found] == [1, 0, 0]
    assert found[0].scores == (1.0, 2.0, 3.0)
    assert found[0].uplift == 0.0
    assert (found[1].why, found[1].uplift) == (ALONE, None)
    assert scorer.asked == [5], "everything is scored in one call, and a text that stands alone is not"


@pytest.mark.parametrize(
    ("scorer", "why"), [(None, NO_SCORER), (Longest(fails=True), "it is gone"), (Longest(nonsense=True), "no numbers")]
)
def test_without_scores_the_first_fit_text_is_taken_and_the_reason_told(scorer: Longest | None, why: str) -> None:
    [found] = pick([[Option("p", "a", fit=False), Option("p", "b"), Option("p", "ccc")]], scorer)
    assert (found.place, found.uplift) == (1, None)
    assert why in found.why


@given(st.lists(st.lists(st.tuples(st.text(max_size=9), st.booleans()), min_size=1, max_size=5), max_size=6))
def test_every_group_gets_its_own_best(groups: list[list[tuple[str, bool]]]) -> None:
    options = [[Option("p", text, fit) for text, fit in group] for group in groups]
    for group, found in zip(options, pick(options, Longest()), strict=True):
        chosen = group[found.place]
        assert chosen.fit or not any(option.fit for option in group)
        assert all(len(option.text) <= len(chosen.text) for option in group if option.fit == chosen.fit)
