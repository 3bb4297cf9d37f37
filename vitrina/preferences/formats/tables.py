"""Records of tables: CSV, TSV and Parquet.

What belongs here: knowing a table by its head, and rows to objects as JSON Lines would have them. What stays out: JSON
(`lines`, `elements`), and what the columns mean.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.preferences.formats.rows import Reason, SetAside

_DELIMITERS = (",", "\t", ";")
_SUFFIXES = re.compile(r"\.(csv|tsv)(\.gz)?$", re.IGNORECASE)
#: Columns by which a table without a telling name is known.
_KNOWN = (
    {"prompt", "response_a", "response_b"}, {"instruction", "response1", "response2"}, {"chosen", "rejected"},
    {"input", "output_1", "output_2", "label"}, {"question", "preference"},
)  # fmt: skip
#: Columns in which a cell may hold a list, as text of JSON; and those in which an empty cell says nothing.
_LISTS = re.compile(r"votes|preference|chosen|rejected|prompt")
_EMPTY = re.compile(r"votes|preferred|margin|group|item|annotator_?\d+", re.IGNORECASE)
_BATCH = 500


def delimiter_of(head: bytes, name: str) -> str | None:
    """The delimiter of a table with a header; None where the file is something else.

    Args:
        head: The first bytes, without a byte order mark.
        name: Of the file: ``.csv`` or ``.tsv`` says enough, else the header has the columns of a known format.
    """
    if head[:1] in {b"{", b"[", b""}:
        return None
    header = re.split(r"[\r\n]", head.decode("utf-8", "replace"), maxsplit=1)[0]
    cells = {delimiter: _cells(header, delimiter) for delimiter in _DELIMITERS}
    best = max(cells, key=lambda delimiter: len(cells[delimiter]))
    known = any(columns <= set(cells[best]) for columns in _KNOWN)
    return best if known or (_SUFFIXES.search(name) and len(cells[best]) > 1) else None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def table_rows(
    lines: Iterator[bytes], delimiter: str, file: str, limit: int
) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    """Line number and object of each row.

    Args:
        lines: With their ends, in UTF-8.
        limit: Characters of the longest cell.

    Raises:
        PermanentError: the file is not in UTF-8.
    """
    csv.field_size_limit(limit)  # the module knows but one for the whole process
    reader = csv.reader(_decoded(lines, file), delimiter=delimiter)
    header: Sequence[str] = ()
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield SetAside(Reason.FILE_ENDS_EARLY, f"The file cannot be read from here on: {error}", file, number)
            return
        if row is None:
            return
        if not header:
            header = [cell.strip() for cell in row]
        elif len(row) == len(header):
            yield number, {name: _value(name, cell) for name, cell in zip(header, row, strict=True)}
        elif any(row):
            message = f"The row has {len(row)} cells and the header {len(header)}."
            yield SetAside(Reason.WRONG_COLUMNS, message, file, number, excerpt=delimiter.join(row)[:160])


def _decoded(lines: Iterator[bytes], file: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").replace("\0", "")
        except UnicodeDecodeError as error:
            raise PermanentError(f"{file} is not in UTF-8: see line {number}.", hint="Save it as UTF-8.") from error


def _value(name: str, cell: str) -> Any:
    if not cell.strip():
        return None if _EMPTY.fullmatch(name) else cell
    if name == "margin":
        try:
            return float(cell)
        except ValueError:
            return cell
    if cell.lstrip().startswith("[") and _LISTS.fullmatch(name):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def parquet_rows(path: Path, file: str, limit: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of each row of a Parquet file.

    Args:
        limit: Bytes that it may unpack to.

    Raises:
        PermanentError: it is damaged, or unpacks to more.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as parquet:
            groups = range(parquet.metadata.num_row_groups)
            if sum(parquet.metadata.row_group(group).total_byte_size for group in groups) > limit:
                raise PermanentError(f"{file} holds more than {limit >> 30} GiB.", hint="Cut it into parts.")
            for batch in parquet.iter_batches(batch_size=_BATCH):
                for record in batch.to_pylist():
                    number += 1
                    yield number, record
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file} cannot be read as Parquet from row {number + 1} on: {error}") from error


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    with path.open("rb") as raw:
        return raw.read(4) == b"PAR1"
