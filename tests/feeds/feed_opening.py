"""How the tests of structured feeds open a drop: bytes in, tables with their rows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.feeds.archives import Limits
from vitrina.feeds.detect import open_tables
from vitrina.feeds.records import DropFile, QuarantinedRow, RawRow, SourceConfig


@dataclass
class Opened:
    """A table read to its end."""

    file: str
    format: str
    canonical: bool
    encoding: str
    headers: list[str]
    rows: list[RawRow]
    broken: list[QuarantinedRow]
    notes: list[str]

    @property
    def values(self) -> list[dict[str, Any]]:
        return [dict(row.values) for row in self.rows]


def open_paths(
    paths: Mapping[str, Path], config: SourceConfig | None = None, limits: Limits | None = None
) -> list[Opened]:
    files = [DropFile(path, name) for name, path in paths.items()]
    opened = []
    for file, table in open_tables(files, config or SourceConfig(), limits):
        rows = list(table.rows)
        opened.append(
            Opened(
                file.name, table.format, table.canonical, table.encoding, table.headers, rows, table.broken, table.notes
            )
        )
    return opened


def open_bytes(
    folder: Path, files: Mapping[str, bytes | str], config: SourceConfig | None = None, limits: Limits | None = None
) -> list[Opened]:
    paths = {}
    for number, (name, content) in enumerate(files.items()):
        path = folder / f"file-{number}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths[name] = path
    return open_paths(paths, config, limits)


def open_one(folder: Path, content: bytes | str, name: str = "drop", config: SourceConfig | None = None) -> Opened:
    """The only table of a drop with one file."""
    (opened,) = open_bytes(folder, {name: content}, config)
    return opened
