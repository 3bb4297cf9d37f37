"""Other people's torture files: nothing crashes, hangs, reaches the network or passes silently."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.feeds.feed_opening import Opened, open_paths
from vitrina.feeds.records import DropUnreadable, NoProducts

_FOLDER = (
    Path(os.environ.get("VITRINA_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "malformed"
)
_FILES = sorted(
    str(path.relative_to(_FOLDER)) for path in _FOLDER.rglob("*") if path.is_file() and path.suffix != ".md"
)

pytestmark = [
    pytest.mark.timeout(60),  # the watchdog
    pytest.mark.skipif(not _FILES, reason="the shared malformed files are not here; set VITRINA_TEST_DATA"),
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was reached")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def outcome(name: str) -> list[Opened] | DropUnreadable:
    try:
        return open_paths({name: _FOLDER / name})
    except DropUnreadable as error:
        return error


@pytest.mark.parametrize("name", _FILES)
def test_every_file_ends_in_tables_or_in_a_clear_refusal(name: str) -> None:
    end = outcome(name)
    if isinstance(end, DropUnreadable):
        assert Path(name).name in end.message or "drop" in end.message
        assert end.hint
    else:
        assert all(len(row.raw) <= 20_000 and row.message for opened in end for row in opened.broken)


@pytest.mark.parametrize("name", [name for name in _FILES if "json_suite/n_" in name])
def test_what_is_not_json_is_refused_or_quarantined(name: str) -> None:
    end = outcome(name)
    if not isinstance(end, DropUnreadable):
        assert sum(len(opened.broken) for opened in end) > 0


@pytest.mark.parametrize("name", [name for name in _FILES if "json_suite/y_" in name])
def test_what_is_json_is_never_refused_for_its_syntax(name: str) -> None:
    end = outcome(name)
    if isinstance(end, DropUnreadable):
        assert isinstance(end, NoProducts)
    else:
        assert all(not opened.broken for opened in end)


@pytest.mark.parametrize("name", [name for name in _FILES if "xml_attacks/" in name])
def test_attacks_are_refused(name: str) -> None:
    assert isinstance(outcome(name), DropUnreadable)
