"""A description as people edit it: plain lines, and its little HTML again.

Belongs here: both ways between HTML and lines, what a form sends, limits that a counter shows. Pure but for the words
of complaints. Stays out: deciding (``vitrina.review.moderating``), doubts (``doubts``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from vitrina.content import html
from vitrina.content.contract import (
    KEYWORDS_MAX,
    SEO_DESCRIPTION_MAX,
    SEO_TITLE_MAX,
    TITLE_MAX,
    WORDS_MAX,
    WORDS_MIN,
)

#: Longest text that is taken, in characters of its lines; the contract's own limit is 8,000 of HTML.
BODY_MAX = 20_000
#: What is shown before an item of a list; people may also write a hyphen, a dash or an asterisk.
BULLET = "• "
_ITEM = re.compile(r"^[•\-–—*] ")
_BLOCKS = re.compile(r"<(p|li)>(.*?)</\1>", re.DOTALL)
LIMITS = {"title": TITLE_MAX, "body": BODY_MAX, "seo_title": SEO_TITLE_MAX, "seo_description": SEO_DESCRIPTION_MAX,
          "keywords": 400}  # fmt: skip
WORDS_WANTED = (WORDS_MIN, WORDS_MAX)


@dataclass(frozen=True, slots=True)
class Words:
    """What is written in the fields of the editor, as text."""

    title: str = ""
    body: str = ""
    seo_title: str = ""
    seo_description: str = ""
    keywords: str = ""

    @classmethod
    def of_version(cls, version: Any) -> Words:
        """The fields filled with a version."""
        return cls(version.title, to_lines(version.body), version.seo_title, version.seo_description,
                   ", ".join(map(str, version.keywords)))  # fmt: skip

    @classmethod
    def of_form(cls, form: Mapping[str, Any]) -> Words:
        """The fields as a form sent them, cut to twice their limits so that nothing typed is lost on the way back."""
        sent = {name: str(form.get(name, "")).replace("\0", "").replace("\r\n", "\n") for name in LIMITS}
        return cls(**{name: text[: 2 * LIMITS[name]] for name, text in sent.items()})

    def problems(self) -> list[str]:
        """Why they cannot be saved so."""
        empty = not self.title.strip() or not html.to_text(to_html(self.body))
        found = [_("A text needs a title and a body.")] if empty else []
        names = {"title": _("title"), "body": _("text"), "seo_title": _("search title"),
                 "seo_description": _("search description"), "keywords": _("keywords")}  # fmt: skip
        found += [
            _("Too long: %(field)s (%(n)d characters, allowed: %(most)d).")
            % {"field": names[name], "n": len(getattr(self, name)), "most": most}
            for name, most in LIMITS.items()
            if len(getattr(self, name)) > most
        ]
        if len(self.keyword_list()) > KEYWORDS_MAX:
            found.append(_("At most %(n)d keywords are allowed.") % {"n": KEYWORDS_MAX})
        return found

    def keyword_list(self) -> list[str]:
        """The phrases between commas."""
        return [word.strip() for word in re.split(r"[,\n;]", self.keywords) if word.strip()]

    def as_edit(self) -> dict[str, Any]:
        """For :func:`vitrina.review.moderating.decide_case`."""
        return {"title": self.title.strip(), "body": to_html(self.body), "seo_title": self.seo_title.strip(),
                "seo_description": self.seo_description.strip(), "keywords": self.keyword_list()}  # fmt: skip

    def all_text(self) -> str:
        """Every statement, line by line: what the checks read."""
        return "\n".join([self.title, self.body, self.seo_title, self.seo_description, *self.keyword_list()])


def to_lines(markup: str) -> str:
    """HTML of ``<p>``, ``<ul>``, ``<li>`` as lines: an empty one between paragraphs, a bullet before items."""
    lines: list[str] = []
    former, seen = "", ""
    for kind, inner in _BLOCKS.findall(html.sanitise(markup)):
        text = " ".join(html.to_text(inner).split())
        if not text:
            continue
        if lines and (kind == "p" or former != "li"):
            lines.append("")
        lines.append(BULLET + text if kind == "li" else text)
        former, seen = kind, f"{seen} {text}"
    plain = html.to_text(markup)
    # Words outside of paragraphs and lists are not lost: then every line is a paragraph.
    return "\n".join(lines) if seen.split() == plain.split() else "\n\n".join(plain.split("\n"))


def to_html(lines: str) -> str:
    """The reverse of :func:`to_lines`: each line is a paragraph, lines with a bullet are items of one list."""
    parts: list[str] = []
    items: list[str] = []
    for line in (" ".join(line.split()) for line in html.clean_text(lines).split("\n")):
        item = _ITEM.match(line)
        if item is not None:
            items.append(line[item.end() :])
        elif line:
            parts += [html.bullet_list(items), html.paragraph(line)]
            items = []
    return "".join([*parts, html.bullet_list(items)])
