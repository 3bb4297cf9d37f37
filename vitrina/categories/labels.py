"""Reading labelled titles from CSV files.

Belongs here: files of (title, category), checked. Stays out: labels in the database, training.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

from vitrina.categories.training import LabelledTitle
from vitrina.errors import PermanentError

_MAX_BYTES = 512 * 1024 * 1024


class LabelsUnreadable(PermanentError):
    """The file of labelled titles cannot be used; the message says why."""


def read_labelled(path: Path, title_column: str = "title", label_column: str = "category_slug") -> list[LabelledTitle]:
    """Rows of a ``.csv`` or ``.csv.gz`` file in UTF-8 with a header; comma, semicolon or tab.

    Rows without a title or label are left out.

    Raises:
        LabelsUnreadable: No such file, no such columns, another encoding, no usable row, or too large unpacked.
    """
    text = _text(path)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    headers = [header.strip() for header in reader.fieldnames or []]
    reader.fieldnames = headers
    missing = [column for column in (title_column, label_column) if column not in headers]
    if missing:
        raise LabelsUnreadable(
            f"{path.name} has no column {' and no '.join(repr(column) for column in missing)}; "
            f"it has {', '.join(repr(header) for header in headers) or 'none'}.",
            hint="Name the columns: --title COLUMN --label COLUMN",
        )
    try:
        rows = [
            LabelledTitle(title, label)
            for row in reader
            if (title := (row[title_column] or "").strip()) and (label := (row[label_column] or "").strip())
        ]
    except csv.Error as error:
        raise LabelsUnreadable(f"{path.name} is no sound CSV file near line {reader.line_num}: {error}.") from error
    if not rows:
        raise LabelsUnreadable(f"{path.name} has no row with both a title and a label.")
    return rows


def _text(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                raw = file.read(_MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise LabelsUnreadable(f"{path.name} is larger than {_MAX_BYTES // 1024**2} MB unpacked.")
        return raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise LabelsUnreadable(f"There is no file {path}.") from error
    except UnicodeDecodeError as error:
        raise LabelsUnreadable(f"{path.name} is not UTF-8 (byte {error.start}).", hint="Save it as UTF-8.") from error
    except (OSError, EOFError) as error:
        raise LabelsUnreadable(f"{path.name} cannot be read: {error}.") from error
