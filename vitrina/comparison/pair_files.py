"""Pairs for a batch from a file that a person hands in.

Belongs here: from records to drafts. Our own fields (``a``, ``b``, ``prompt``, ``facts``, ``expected``, …) and every
preference format that the platform reads (``vitrina.preferences.formats``). A record that cannot be used is a
problem with its line, and holds no other back. Stays out: what a pair needs to be blind (``vitrina.review.pairs``).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from django.utils.translation import gettext as _

from vitrina.comparison.words import of_reason
from vitrina.content.html import clean_text
from vitrina.content.language import cyrillic_share
from vitrina.preferences.formats.lines import read_records
from vitrina.preferences.formats.reading import FORMATS
from vitrina.preferences.formats.rows import Choice, Reason, SetAside, Unusable
from vitrina.review.results import PairDraft

#: A request that adds more would outlast the web server's patience; further files may follow.
MOST_PAIRS = 50_000
MOST_BYTES = 100 << 20
_LONGEST_TEXT = 100_000
_MOST_ARRAY_BYTES = 20 << 20
#: In so many bytes a file that is no text shows it.
_HEAD = 4096

#: Names of the two sides, in the order in which they are looked for.
_SIDES = (
    ("a", "b"), ("text_a", "text_b"), ("response_a", "response_b"), ("response1", "response2"),
    ("output_1", "output_2"), ("answer_a", "answer_b"), ("first", "second"), ("chosen", "rejected"),
)  # fmt: skip
_EXPECTED = {
    "a": "first", "first": "first", "1": "first", "left": "first", "chosen": "first",
    "b": "second", "second": "second", "2": "second", "right": "second",
    "e": "tie", "tie": "tie", "0": "tie", "same": "tie", "equal": "tie", "both_bad": "tie",
}  # fmt: skip
_CHOICES = {Choice.A: "first", Choice.B: "second", Choice.TIE: "tie", Choice.BOTH_BAD: "tie"}


class Problem(NamedTuple):
    """A record that gives no pair: its line (or number in an array), and why."""

    line: int
    reason: str


def read_drafts(path: Path, *, known: bool, explained: bool = False) -> Iterator[PairDraft | Problem]:
    """Drafts of a JSON Lines file or a JSON array, plain or gzip, at most :data:`MOST_PAIRS`.

    Args:
        path: The file.
        known: Gold or onboarding: a record must say which answer is right.
        explained: Onboarding: it must say why, too.

    Raises:
        PermanentError: The file unpacks to more than is read.
    """
    yield from islice(_drafts(path, known, explained), MOST_PAIRS)


def _drafts(path: Path, known: bool, explained: bool) -> Iterator[PairDraft | Problem]:
    for record in _records(path):
        if isinstance(record, Problem):
            yield record
            continue
        line, fields = record
        try:
            yield from (_checked(draft, known, explained) for draft in _of_record(fields))
        except Unusable as error:
            yield Problem(line, of_reason(error.reason, str(error)))
        except ValueError as error:
            yield Problem(line, str(error))


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]] | Problem]:
    """Records with their numbers. An array is read whole: a parser of streams needs memory by the square of the depth
    of a file that is nothing but brackets, and this one refuses it."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            head = stream.read(_MOST_ARRAY_BYTES + 1)
        except (EOFError, OSError, zlib.error):
            yield Problem(1, _("The file cannot be unpacked."))
            return
    if b"\0" in head[:_HEAD]:
        yield Problem(
            1, _("This is no file of text but a workbook or an archive, say: save it as JSON Lines in UTF-8.")
        )
        return
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        for record in read_records(path):
            yield (
                Problem(record.line, of_reason(record.reason, record.message))
                if isinstance(record, SetAside)
                else record
            )
        return
    if len(head) > _MOST_ARRAY_BYTES:
        yield Problem(1, _("A JSON array may have 20 MB; hand in JSON Lines instead, one record a line."))
        return
    try:
        values = orjson.loads(head.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        yield Problem(1, of_reason(Reason.NOT_JSON, f"The file is not JSON: {error}"))
        return
    for number, value in enumerate(values, 1):
        yield (number, value) if isinstance(value, dict) else Problem(number, of_reason(Reason.NOT_AN_OBJECT))


def _of_record(fields: Mapping[str, Any]) -> Iterator[PairDraft]:
    preference = next((each for each in FORMATS.values() if each.recognise(fields)), None)
    if preference is not None:
        for row in preference.read(fields):
            if isinstance(row, Unusable):
                raise row
            yield _draft(fields, row.a, row.b, row.prompt, _CHOICES.get(row.choice, ""))
        return
    sides = next(((one, two) for one, two in _SIDES if one in fields and two in fields), None)
    if sides is None:
        raise ValueError(_("It has no two texts: name them a and b."))
    prompt = next(
        (str(fields[name]) for name in ("prompt", "instruction", "question", "input") if fields.get(name)), ""
    )
    expected = next((fields[name] for name in ("expected", "preferred", "label", "choice") if name in fields), None)
    if expected is None and sides == ("chosen", "rejected"):
        expected = "chosen"
    answer = _EXPECTED.get(str(expected).strip().lower(), "") if expected is not None else ""
    yield _draft(fields, fields[sides[0]], fields[sides[1]], prompt, answer)


def _draft(fields: Mapping[str, Any], first: Any, second: Any, prompt: str, expected: str) -> PairDraft:
    texts = []
    for text in (first, second):
        if not isinstance(text, str) or not clean_text(text).strip():
            raise ValueError(_("A text is empty, or is no text."))
        if len(text) > _LONGEST_TEXT:
            raise ValueError(_("A text has more than %(n)s characters.") % {"n": f"{_LONGEST_TEXT:,}"})
        texts.append(clean_text(text))
    facts = fields.get("facts")
    language = fields.get("language")
    known_language = isinstance(language, str) and language.isalpha() and len(language) <= 5
    return PairDraft(
        texts[0], texts[1], prompt=clean_text(prompt)[:_LONGEST_TEXT],
        facts=_clean(facts) if isinstance(facts, Mapping) else {},
        language=str(language) if known_language else "ru" if cyrillic_share(texts[0] + texts[1]) > 0.3 else "en",
        priority=_priority(fields.get("priority")), certainty=_certainty(fields.get("certainty")), expected=expected,
        explanation=clean_text(str(fields.get("explanation") or ""))[:_LONGEST_TEXT],
    )  # fmt: skip


def _checked(draft: PairDraft, known: bool, explained: bool) -> PairDraft:
    if known and not draft.expected:
        raise ValueError(_("It does not say which answer is right: expected is a, b or tie."))
    if explained and not draft.explanation.strip():
        raise ValueError(_("It does not say why: a training pair needs an explanation."))
    return draft


def _clean(value: Any, depth: int = 0) -> Any:
    """Facts without what PostgreSQL and pages refuse; deeper ones as text."""
    if isinstance(value, Mapping) and depth < 3:
        return {clean_text(str(name))[:200]: _clean(inner, depth + 1) for name, inner in islice(value.items(), 200)}
    if isinstance(value, list) and depth < 3:
        return [_clean(inner, depth + 1) for inner in value[:200]]
    if value is None or isinstance(value, bool | int):
        return value
    return clean_text(str(value))[:2_000]


def _priority(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 9 else 3


def _certainty(value: Any) -> float:
    is_figure = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_figure and 0 <= value <= 1 else 1.0
