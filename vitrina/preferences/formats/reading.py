"""Preference files of any known format, read as a stream.

What belongs here: recognising a file's format and turning its records into rows. What stays out: one format's fields,
and what is done with the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import orjson

import vitrina.preferences.formats.chosen as chosen
import vitrina.preferences.formats.labelled as labelled
from vitrina.errors import PermanentError
from vitrina.preferences.formats.fields import Record
from vitrina.preferences.formats.lines import MAX_FILE_BYTES, read_records, shown
from vitrina.preferences.formats.rows import Choice, PreferenceRow, SetAside, Unusable
from vitrina.preferences.formats.tables import is_parquet, parquet_rows

_EXCERPT = 160
_SNIFFED = 50


@dataclass(frozen=True, slots=True)
class Format:
    """How records of one kind are known and read."""

    name: str
    recognise: Callable[[Record], bool]
    read: Callable[[Record], Iterator[PreferenceRow | Unusable]] | Callable[[Record], Iterator[PreferenceRow]]
    columns: str


#: In the order in which they are tried.
FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("ours", labelled.is_ours, labelled.read_ours, "prompt, response_a, response_b, preferred"),
        Format("pandalm", labelled.is_pandalm, labelled.read_pandalm, "instruction, response1, response2, annotator1…"),
        Format(
            "qa-feedback", labelled.is_qa_feedback, labelled.read_qa_feedback, "question, prediction_1…, preference"
        ),
        Format("llmbar", labelled.is_llmbar, labelled.read_llmbar, "input, output_1, output_2, label"),
        Format("hh-rlhf", chosen.is_transcript, chosen.read_transcript, "chosen, rejected (whole transcripts)"),
        Format("rewardbench", chosen.is_explicit, chosen.read_explicit, "prompt, chosen, rejected"),
    )
}


@dataclass(slots=True)
class Loaded:
    """All rows of some files, and what was set aside."""

    rows: list[PreferenceRow] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)

    @property
    def decided(self) -> list[PreferenceRow]:
        """Rows with a preferred side."""
        return [row for row in self.rows if row.decided]

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason set something aside."""
        return dict(sorted(Counter(str(each.reason) for each in self.set_aside).items()))

    @property
    def faults(self) -> str:
        """A sentence on what was set aside, with the first of them; empty where nothing was."""
        if not self.set_aside:
            return ""
        first = self.set_aside[0]
        reasons = ", ".join(f"{name} {count}" for name, count in self.reasons.items())
        where = f"{first.file}, line {first.line}: {first.message}"
        return f"Set aside at import: {len(self.set_aside)} ({reasons}; first {where.rstrip('.')})."

    @property
    def choices(self) -> dict[str, int]:
        """How often each choice stands, those that nobody made too."""
        counted = Counter(row.choice for row in self.rows)
        return {str(choice): counted[choice] for choice in Choice}


def format_named(name: str) -> Format:
    """The format with this name; case, spaces and underscores do not matter.

    Raises:
        PermanentError: there is none.
    """
    if (found := FORMATS.get(name.strip().lower().replace("_", "-").replace(" ", "-"))) is None:
        raise PermanentError(f"There is no format {name!r}.", hint=f"Known formats: {', '.join(FORMATS)}.")
    return found


def recognise(path: Path) -> Format:
    """The format of most of the file's first records.

    Raises:
        PermanentError: no record fits any format.
    """
    counted: Counter[str] = Counter()
    seen: tuple[str, ...] = ()
    fault: SetAside | None = None
    for record in islice(_records(path), _SNIFFED):
        if isinstance(record, SetAside):
            fault = fault or record
            continue
        seen = seen or tuple(record[1])
        counted.update(islice((name for name, each in FORMATS.items() if each.recognise(record[1])), 1))
    if not counted:
        if seen:
            known = "; ".join(f"{name}: {each.columns}" for name, each in FORMATS.items())
            what, hint = f"Its first row has the columns {', '.join(seen)[:300]}.", f"Known: {known}."
        else:
            what = "There is no row in it."
            if fault is not None:
                what = f"No row of it is a JSON object. {fault.message.rstrip('.')}."
            hint = (
                "Give JSON Lines or one JSON array, CSV or TSV with a header, all in UTF-8, plain or .gz; or Parquet."
            )
        raise PermanentError(f"{shown(path)} is of no known preference format. {what}", hint=hint)
    return FORMATS[counted.most_common(1)[0][0]]


def _records(path: Path) -> Iterator[tuple[int, Record] | SetAside]:
    if path.is_file() and is_parquet(path):
        return parquet_rows(path, shown(path), MAX_FILE_BYTES)
    return read_records(path)


def read_preferences(path: Path, format: str | None = None) -> Iterator[PreferenceRow | SetAside]:
    """Rows of one file, in its order; what cannot be used comes as a `SetAside` in its place.

    Args:
        path: JSON Lines, a JSON array, CSV or TSV, plain or gzip; or Parquet.
        format: A name of `FORMATS`; recognised from the first records when None.

    Raises:
        PermanentError: no such file, no such format, a format that is not recognised, or labels of two meanings.
    """
    chosen_format = format_named(format) if format else recognise(path)
    first = [record[1] for record in islice(_records(path), _SNIFFED) if not isinstance(record, SetAside)]
    if chosen_format.name in ("ours", "llmbar") and (name := labelled.ambiguous_labels(first)):
        raise PermanentError(
            f"{shown(path)} has labels 0 and 1 in the column {name}, and no 2: is 0 a tie or the second side?",
            hint="Write a, b and tie, or 1, 2 and 0.",
        )
    for record in _records(path):
        if isinstance(record, SetAside):
            yield record
        else:
            yield from _rows(record[1], chosen_format, shown(path), record[0])


def _rows(record: Record, used: Format, file: str, line: int) -> Iterator[PreferenceRow | SetAside]:
    def aside(error: Unusable) -> SetAside:
        own = next((str(record[name]) for name in ("id", "idx", "source_row") if name in record), None)
        excerpt = orjson.dumps(record, default=str).decode()[:_EXCERPT]
        return SetAside(error.reason, error.message, file, line, row_id=own, excerpt=excerpt)

    try:
        for row in used.read(record):
            if isinstance(row, Unusable):
                yield aside(row)
            else:
                item = f"{file}:{row.item or line}"
                yield replace(row, source=used.name, file=file, line=line, item=item)
    except Unusable as error:
        yield aside(error)


def load(paths: Iterable[Path], format: str | None = None) -> Loaded:
    """All files in memory; for training and evaluation, which need all rows at once.

    Raises:
        PermanentError: as `read_preferences`.
    """
    loaded = Loaded()
    for number, path in enumerate(paths, 1):
        for row in read_preferences(path, format):
            if isinstance(row, SetAside):
                loaded.set_aside.append(row)
            else:
                loaded.rows.append(replace(row, file_number=number))
    return loaded
