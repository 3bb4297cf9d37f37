"""Plots: geometry, words for who cannot see them, and nothing that the page's policy would refuse."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from vitrina.numbers import svg
from vitrina.numbers.svg import HEIGHT, Series, bars, interval_bar, nice, share_bar
from vitrina.statistics.intervals import Interval


def drawn() -> svg.Plot:
    return bars(
        "texts", "Texts by day", "2 days: 3 passed.", ["Mon <b>", "Tue"],
        [Series("passed", [1, 2], "s2"), Series("to people", [3, 0], "s3")],
    )  # fmt: skip


def elements(plot: svg.Plot, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(str(plot.svg)).iter(tag))


def test_bars_stand_on_each_other_and_fill_the_height_of_the_axis() -> None:
    plot = drawn()
    assert plot.ticks == (4, 2, 0)
    first, second, above = elements(plot, "rect")
    assert (first.get("class"), second.get("class"), above.get("class")) == ("s2", "s2", "s3")
    assert float(first.get("height", 0)) == HEIGHT / 4
    assert float(above.get("y", 9)) == 0
    assert float(above.get("height", 0)) == 3 * HEIGHT / 4
    assert float(second.get("x", "0%").rstrip("%")) == 56


def test_a_plot_says_what_it_shows_and_has_its_table() -> None:
    plot = drawn()
    assert [one.text for one in elements(plot, "desc")] == ["2 days: 3 passed."]
    root = ElementTree.fromstring(str(plot.svg))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "texts-title texts-desc"
    assert plot.rows == [("Mon <b>", [1, 3]), ("Tue", [2, 0])]


def test_names_are_escaped_and_nothing_carries_a_style() -> None:
    text = str(drawn().svg) + str(share_bar(0.5)) + str(interval_bar(Interval(0.5, 0.4, 0.6, 9), mark=0.5))
    assert "<b>" not in text
    assert "Mon &lt;b&gt;" in text
    assert not re.search(r"\sstyle=|<style|\son\w+=", text)


def test_a_plot_of_nothing_is_empty() -> None:
    assert bars("k", "t", "d", ["a"], [Series("x", [0.0], "s1")]).empty
    assert bars("k", "t", "d", [], []).empty


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.03, 0.04), (1, 1), (3, 4), (5, 5), (6, 10), (11, 20), (99, 100), (1001, 2000)]
)
def test_axes_end_at_round_numbers(most: float, top: float) -> None:
    assert nice([most]) == pytest.approx(top)


def test_a_long_axis_names_few_places_and_the_last_one() -> None:
    places = [str(number) for number in range(90)]
    plot = bars("k", "t", "d", places, [Series("x", [1.0] * 90, "s1")])
    names = [one.text for one in elements(plot, "text")]
    assert len(names) <= 6
    assert names[-1] == "89"


def test_an_interval_beyond_its_scale_stays_in_the_cell() -> None:
    text = str(interval_bar(Interval(0.99, 0.5, 1.4, 3)))
    assert all(0 <= float(value) <= 100 for value in re.findall(r'c?x[12]?="([\d.]+)%"', text))
