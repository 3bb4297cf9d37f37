"""Text cleaning: what people read must hold nothing that they cannot see, and cleaning twice changes nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.feeds.text import MAX_LINE, as_text, clean_line, clean_text

ROUGH = st.text(max_size=200) | st.text(alphabet="a<>&;#/ampltgbrxp \n\u200b\u202e\u0301\u00a0123", max_size=80)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Крем для лица", "Крем для лица"),
        ("  Крем \t для\nлица ", "Крем для лица"),
        ("Тушь &amp; помада", "Тушь & помада"),
        ("<b>Крем</b> <i>ночной</i>", "Крем ночной"),
        ("a&amp;amp;lt;b", "a<b"),
        ("размер <42", "размер <42"),
        ("<>", "<>"),
        ("e\u0301cole", "école"),
        ("im\u200bvi\u202esib\u2066le\U000e0041", "imvisible"),
        ("nul\x00\x1b[31m", "nul[31m"),
        ("<script>alert(1)</script>Мыло", "Мыло"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Мыло", "Мыло"),
        (12.0, "12"),
        (None, ""),
    ],
)
def test_a_line_is_plain_text(raw, clean):
    assert clean_line(raw) == clean


def test_a_description_keeps_its_paragraphs():
    raw = "<p>Первый&nbsp;абзац.</p><p>Второй<br>третий</p><ul><li>раз</li><li>два</li></ul>"
    assert clean_text(raw) == "Первый абзац.\nВторой\nтретий\nраз\nдва"
    assert clean_text("раз\r\n\r\n  два  ") == "раз\nдва"


def test_long_text_is_cut_and_deep_nesting_ends():
    assert len(clean_line("слово " * 10_000)) <= MAX_LINE
    clean_text("&amp;" * 1_000_000)
    clean_text("&" + "amp;" * 200_000 + "lt;b&gt;")
    clean_text("<div>" * 100_000)


@given(ROUGH)
def test_cleaning_is_idempotent(text):
    for clean in (clean_line, clean_text):
        once = clean(text)
        assert clean(once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert not any(unicodedata.category(c) in ("Cs", "Co") for c in once)
        assert not any(unicodedata.category(c) == "Cc" and c != "\n" for c in once)


@given(st.text(alphabet=st.characters(), max_size=50) | st.binary() | st.floats() | st.none())
def test_no_value_raises(value):
    assert isinstance(clean_line(value), str)
    assert isinstance(as_text(value), str)
    assert "\n" not in clean_line(value)
