"""Texts and guidelines as HTML that a page may show.

Belongs here: markdown and the little HTML of descriptions, both sanitised. Every text of a pair goes one way, so that
its form says nothing of its writer: no attributes, links, pictures, comments or invisible characters survive.
Stays out: which text stands where.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import nh3
from django.utils.safestring import SafeString, mark_safe

from vitrina.content.html import clean_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_TEXT_TAGS = {
    "p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "h3", "h4", "h5", "h6", "blockquote", "code", "pre", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_DROPPED_WHOLE = {"script", "style", "iframe", "svg", "math", "template", "noscript", "title"}
#: A text with one of these is HTML, and any other markdown; descriptions are stored as the former.
_MARKUP = re.compile(r"<(?:p|ul|ol|li|br|div|h[1-6]|table)\b[^<>]*>", re.IGNORECASE)
#: A heading of a text must not stand above those of the page.
_HEADING = re.compile(r"(</?)h[12](?=[\s>])", re.IGNORECASE)
#: Longer ones are shown as they were typed: a text of so many characters is no text to compare.
_LONGEST = 100_000


def text_html(text: str) -> SafeString:
    """A text of a pair."""
    clean = clean_text(text)
    markup = clean if _MARKUP.search(clean) else _markdown(clean)
    return _safe(markup, _TEXT_TAGS, {})


def guidelines_html(markdown: str) -> SafeString:
    """Guidelines: as texts, and links to http(s) addresses besides."""
    return _safe(_markdown(clean_text(markdown)), _TEXT_TAGS | {"a"}, {"a": {"href"}})


def _safe(markup: str, tags: set[str], attributes: dict[str, set[str]]) -> SafeString:
    lowered = _HEADING.sub(r"\1h3", markup)
    clean = nh3.clean(
        lowered, tags=tags, attributes=attributes, clean_content_tags=_DROPPED_WHOLE, url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )  # fmt: skip
    return mark_safe(clean)  # noqa: S308 - sanitised in the line above


def _markdown(text: str) -> str:
    if len(text) > _LONGEST:
        return f"<pre>{nh3.clean_text(text)}</pre>"
    return str(_parser().render(text))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Single line breaks are meant in what people and models write; tags in markdown are text.
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
