"""Circles among preferences, on small orders and on real comparisons of four answers."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

from vitrina.statistics.transitivity import Triads, circular_triads


def test_an_order_has_no_circle_and_a_circle_is_found() -> None:
    assert circular_triads([("p", "a", "b"), ("p", "b", "c"), ("p", "a", "c")]) == Triads(1, 0)
    assert circular_triads([("p", "a", "b"), ("p", "b", "c"), ("p", "c", "a")]) == Triads(1, 1)


def test_texts_of_different_prompts_form_no_triads() -> None:
    assert circular_triads([("p", "a", "b"), ("q", "b", "c"), ("p", "c", "a")]) == Triads(0, 0)


def test_the_majority_of_repeated_comparisons_counts_and_a_draw_says_nothing() -> None:
    order = [("p", "a", "b"), ("p", "b", "c"), ("p", "c", "a")]
    assert circular_triads([*order, ("p", "a", "c"), ("p", "a", "c")]) == Triads(1, 0)
    assert circular_triads([*order, ("p", "a", "c")]) == Triads(0, 0)


def test_a_group_that_is_too_large_is_told_and_left_out() -> None:
    found = circular_triads(("p", first, second) for first, second in combinations(range(61), 2))
    assert found == Triads(0, 0, left_out=1)


def test_real_comparisons_of_four_answers_have_no_circles(shared_data: Path) -> None:
    lines = (shared_data / "preferences/qa_feedback_4way.jsonl").read_text(encoding="utf-8").splitlines()
    preferences = []
    for row in map(json.loads, lines):
        for (first, second), choice in zip(combinations(range(4), 2), row["preference"], strict=True):
            if choice:
                preferences.append((row["source_row"], *((first, second) if choice == 1 else (second, first))))
    found = circular_triads(preferences)
    assert found.triads > 300
    assert found.circular == 0
