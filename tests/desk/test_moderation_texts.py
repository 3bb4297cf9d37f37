"""Texts of the moderation screen: lines and HTML, marks, differences."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.django_apps  # noqa: F401 - modules import models at their head
from vitrina.content.html import sanitise, to_text
from vitrina.desk.editing import Words, to_html, to_lines
from vitrina.desk.marking import Doubt, difference, marked_texts, paragraphs

LINE = st.text(st.characters(codec="utf-8"), max_size=30)


def test_lines_and_html_are_each_others_reverse() -> None:
    html = "<p>Один</p><ul><li>два</li><li>три &amp; 4</li></ul><p>пять</p>"
    assert to_lines(html) == "Один\n\n• два\n• три & 4\n\nпять"
    assert to_html(to_lines(html)) == html
    assert to_html("- а\n* б\n\nв") == "<ul><li>а</li><li>б</li></ul><p>в</p>"


def test_words_outside_of_paragraphs_are_not_lost() -> None:
    assert "снаружи" in to_lines("снаружи<p>внутри</p>")


@given(st.lists(LINE, max_size=6))
def test_whatever_is_typed_becomes_clean_html_and_comes_back(lines: list[str]) -> None:
    html = to_html("\n".join(lines))
    assert sanitise(html) == html
    assert to_html(to_lines(html)) == html


@given(st.lists(LINE, min_size=1, max_size=3), st.lists(LINE, max_size=4))
def test_marks_and_differences_hold_every_letter_and_no_tag_but_their_own(texts: list[str], found: list[str]) -> None:
    doubts = [Doubt(n, surface, "why") for n, surface in enumerate(found, 1)]
    shown = [*marked_texts(texts, doubts), difference(texts[0], texts[-1]), paragraphs("")]
    for html in shown:
        assert not re.findall(r"<(?!/?(?:mark|sup|p|ul|li|ins|del)\b)", html)


def test_words_are_marked_once_and_where_they_stand() -> None:
    title, body = marked_texts(["Платье", "Платье из шёлка"], [Doubt(1, "шёлка", "no"), Doubt(2, "лён", "no")])
    assert "<mark" not in title
    assert body.count("<mark") == 1
    assert to_text(str(paragraphs(body)).replace('<sup aria-hidden="true">1</sup>', "")) == "Платье из шёлка"


@pytest.mark.parametrize(("old", "new"), [("а б в", "а г в"), ("", "а"), ("а", "")])
def test_differences_are_by_word(old: str, new: str) -> None:
    html = difference(old, new)
    gone, come = set(old.split()) - set(new.split()), set(new.split()) - set(old.split())
    assert ("<del>" in html, "<ins>" in html) == (bool(gone), bool(come))


def test_keywords_are_phrases_between_commas() -> None:
    assert Words(keywords="a b, c;  d\n").keyword_list() == ["a b", "c", "d"]
