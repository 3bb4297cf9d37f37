from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.content import html

_MARKUP = st.lists(
    st.sampled_from(["<p>", "</p>", "<ul>", "<li>", "</ul>", "<b>", "<script>", "</script>", "<!--", "-->", "&lt;",
                     "&amp;", "<a href='x:y'>", "<", ">", "&", "\x00", "\u200b", "<svg>", "<style>", "</style>"])
    | st.text(max_size=8),
    max_size=30,
).map("".join)  # fmt: skip


@given(_MARKUP)
@settings(max_examples=200, deadline=None)
def test_sanitising_twice_is_sanitising_once(markup):
    once = html.sanitise(markup)
    assert html.sanitise(once) == once


@given(_MARKUP)
@settings(max_examples=200, deadline=None)
def test_only_the_three_tags_survive(markup):
    import re

    assert set(re.findall(r"<\s*/?\s*([a-zA-Z!]+)", html.sanitise(markup))) <= {"p", "ul", "li"}


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_a_paragraph_of_any_text_is_clean_html_and_says_the_text(text):
    paragraph = html.paragraph(text)
    assert html.sanitise(paragraph) == paragraph
    plain = " ".join(html.clean_text(text).split())
    assert " ".join(html.to_text(paragraph).split()) == plain


def test_scripts_go_with_their_text_and_other_tags_without():
    assert html.sanitise("<p>а<script>x()</script><b>б</b></p>") == "<p>аб</p>"


def test_text_keeps_paragraphs_apart():
    assert html.to_text("<p>раз</p><ul><li>два</li><li>три &amp; четыре</li></ul>") == "раз\nдва\nтри & четыре"


def test_scraped_markup_becomes_plain_text_even_when_escaped_twice():
    assert html.strip_markup("&lt;b&gt;Крем&lt;/b&gt;<br>для&nbsp;рук<script>x</script>") == "Крем\nдля рук"


@given(st.text(st.characters(exclude_characters="<&")))
def test_text_without_tags_reads_alike_whether_or_not_it_is_parsed(text: str) -> None:
    assert html.strip_markup(text) == html.strip_markup(f"{text}<b>")


def test_hidden_characters_are_dropped():
    assert html.clean_text("а\u200bб\u202eв\ufeff\U000e0041") == "абв"


@pytest.mark.parametrize(
    ("markup", "count"), [("<p>Хлопок-стрейч 0,5 л — да</p>", 4), ("<p></p>", 0), ("<li>a</li>", 1)]
)
def test_words_are_counted_as_readers_do(markup, count):
    assert html.word_count(markup) == count
