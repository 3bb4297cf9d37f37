"""A dry run of files: what an import would see, as one plain object for ``vitrina drop check``.

Belongs here: collecting the report and the first products as JSON-able values. Stays out: printing, databases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, DropUnreadable, ParsedProduct, QuarantinedRow, SourceConfig
from vitrina.feeds.seen_columns import Column

_FIRST = 5


def check_files(paths: Sequence[Path], source_config: SourceConfig) -> dict[str, Any]:
    """Read files as one drop and say what came of them; needs no database and changes nothing.

    Args:
        paths: Files, or folders whose files belong to the drop.
        source_config: Settings of the source.

    Returns:
        ``files, source, format, encoding, rows, accepted, quarantined, merged, balanced, reasons, columns, seen,
        notes, products`` (the first five), ``quarantine`` (the first five).

    Raises:
        DropUnreadable: No such file, or a file that cannot be read.
    """
    files = drop_files(paths)
    drop = read_drop(files, source_config)
    report = drop.report
    return {
        "files": [file.name for file in files],
        "source": source_config.source,
        "format": report.format,
        "encoding": report.encoding,
        "rows": report.rows,
        "accepted": report.accepted,
        "quarantined": report.quarantined,
        "merged": report.merged,
        "balanced": report.balanced(),
        "reasons": dict(report.reasons),
        "columns": dict(report.columns),
        "seen": [_plain(column) for column in report.seen],
        "notes": list(report.notes),
        "products": [_plain(product) for product in islice(drop.products, _FIRST)],
        "quarantine": [_plain(row) for row in islice(drop.quarantine, _FIRST)],
    }


def drop_files(paths: Sequence[Path]) -> list[DropFile]:
    """The files of a drop: each path itself, or all files below a folder, hidden ones left out.

    Raises:
        DropUnreadable: A path does not exist.
    """
    files: list[DropFile] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(item for item in path.rglob("*") if item.is_file())
            files += [
                DropFile(item, item.relative_to(path).as_posix())
                for item in inside
                if not any(part.startswith(".") for part in item.relative_to(path).parts)
            ]
        elif path.is_file():
            files.append(DropFile(path, path.name))
        else:
            raise DropUnreadable(f"{path} does not exist.", hint="Check the path.")
    return files


def _plain(record: ParsedProduct | QuarantinedRow | Column) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return str(value) if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value

    return {name: plain(value) for name, value in asdict(record).items()}
