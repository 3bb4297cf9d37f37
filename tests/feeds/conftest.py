"""Helpers of the feed tests: files written on the spot, read as a drop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, ReadDrop, SourceConfig

ReadText = Callable[..., ReadDrop]


@pytest.fixture
def read_bytes(tmp_path: Path) -> ReadText:
    """Read bytes as a drop of one file: ``read_bytes(b"…", name="a.csv", config=SourceConfig())``."""

    def read(content: bytes, name: str = "drop.csv", config: SourceConfig | None = None) -> ReadDrop:
        path = tmp_path / name
        path.write_bytes(content)
        drop = read_drop([DropFile(path, name)], config or SourceConfig())
        assert drop.report.balanced()
        return drop

    return read


@pytest.fixture
def read_text(read_bytes: ReadText) -> ReadText:
    """The same for text in UTF-8."""

    def read(content: str, name: str = "drop.csv", config: SourceConfig | None = None) -> ReadDrop:
        return read_bytes(content.encode(), name, config)

    return read
