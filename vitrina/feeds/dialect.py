"""How a text table is written: its delimiter, quoting and line ends, judged by a sample.

Belongs here: detection only. Stays out: the header (``columns``) and reading (``tables``).
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from vitrina.feeds.records import DropUnreadable
from vitrina.feeds.synonyms import match

#: Longest cell in characters. Set for the whole process, because the csv module knows only a global limit.
MAX_CELL = 1_000_000
MAX_COLUMNS = 5_000
_DELIMITERS = (",", ";", "\t", "|", "^", "~")
_SAMPLE_RECORDS = 200


@dataclass(slots=True, frozen=True)
class Dialect:
    """Arguments of ``csv.reader``.

    Attributes:
        wrapped: Every line stands in quotes as a whole, its own quotes doubled: one layer is taken off first.
    """

    delimiter: str
    skip_space: bool = False
    escape: str | None = None
    quote: str = '"'
    wrapped: bool = False

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``csv.reader``."""
        return {
            "delimiter": self.delimiter,
            "skipinitialspace": self.skip_space,
            "escapechar": self.escape,
            "doublequote": True,
            "quotechar": self.quote,
        }

    @property
    def label(self) -> str:
        """Short name of the format: ``csv``, ``tsv``, ``psv``."""
        return {"\t": "tsv", "|": "psv"}.get(self.delimiter, "csv")


def detect(sample: str, *, complete: bool, fixed: str | None = None) -> Dialect:
    """Choose the delimiter under which most records have the same number of fields.

    Args:
        sample: The first part of the file.
        complete: Whether the sample is the whole file (else its last record is cut and is left out).
        fixed: Delimiter of ``source.yaml``; ``"\\t"`` and ``"tab"`` both mean a tab.

    Raises:
        DropUnreadable: The fixed delimiter is not one character.
    """
    escape = "\\" if '\\"' in sample and '\\""' not in sample else None
    if fixed:
        delimiter = {"tab": "\t", "\\t": "\t"}.get(fixed, fixed.rstrip(" ") or fixed)
        if len(delimiter) != 1:
            raise DropUnreadable(
                f"source.yaml asks for the delimiter {fixed!r}.", hint='It must be one character, or "tab".'
            )
        return Dialect(delimiter, _space_after(sample, delimiter), escape)
    wrapped = unwrapped(sample)
    if wrapped is not None and not fixed:
        return replace(detect(wrapped, complete=complete), wrapped=True)
    best, best_score = Dialect(",", False, escape), 0.0
    for delimiter in _DELIMITERS:
        if delimiter not in sample:
            continue
        dialect = Dialect(delimiter, _space_after(sample, delimiter), escape)
        score = _score(records(sample, dialect, complete=complete))
        if score > best_score:
            best, best_score = dialect, score
    return _single_quoted(sample, best, best_score, complete=complete)


def unwrapped(sample: str) -> str | None:
    """The sample without the quotes around its whole lines, ``None`` where lines are not quoted so."""
    lines = [line for line in sample.splitlines()[:_SAMPLE_RECORDS] if line.strip()]
    if len(lines) < 2 or not all(len(line) > 2 and line[0] == line.rstrip()[-1] == '"' for line in lines[:-1]):
        return None
    inner = [unwrap(line) for line in lines[:-1]]
    if any(text is None or not any(mark in text for mark in _DELIMITERS[:4]) for text in inner):
        return None
    return "\n".join(text for text in inner if text is not None)


def unwrap(line: str) -> str | None:
    """The text in a line that is one quoted cell and nothing else."""
    text = line.strip("\r\n \ufeff")
    if len(text) < 2 or text[0] != '"' or text[-1] != '"' or '"' in text[1:-1].replace('""', ""):
        return None
    return text[1:-1].replace('""', '"')


def _single_quoted(sample: str, dialect: Dialect, score: float, *, complete: bool) -> Dialect:
    """The same with apostrophes as quotes, where that makes the records more alike."""
    mark = dialect.delimiter
    starts = sample.count(f"{mark}'") + sample.count("\n'")
    if starts < 2 or f'{mark}"' in sample or sample.count(f"'{mark}") + sample.count("'\n") + sample.count("'\r") < 2:
        return dialect
    other = replace(dialect, quote="'")
    return other if _score(records(sample, other, complete=complete)) > score else dialect


def records(sample: str, dialect: Dialect, *, complete: bool) -> list[list[str]]:
    """The first records of a sample under a dialect; a record that the end of the sample cuts is left out."""
    csv.field_size_limit(MAX_CELL)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(sample.splitlines(keepends=True), **dialect.arguments()):
            rows.append(row)
            if len(rows) > _SAMPLE_RECORDS:
                return rows
    except csv.Error:
        return rows
    return rows if complete or len(rows) < 2 else rows[:-1]


def _space_after(sample: str, delimiter: str) -> bool:
    """``"a"; "b"``: the space belongs to the delimiter, else the quotes would be taken as text."""
    return sample.count(f'{delimiter} "') > sample.count(f'{delimiter}"') if delimiter != "\t" else False


def _score(rows: list[list[str]]) -> float:
    """Share of records of the most common width, weighed by width; header words found count for much."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return 0.0
    width, count = Counter(map(len, filled)).most_common(1)[0]
    if width < 2:
        return 0.0
    header_words = max((sum(1 for cell in row[:60] if match(cell.strip())) for row in filled[:10]), default=0)
    return count / len(filled) * math.log2(1 + width) + min(header_words, 6)
