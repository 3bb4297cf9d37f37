"""Files of questions and of answers, as tests of ``vitrina llm run`` write and read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.command import report

Row = dict[str, Any]


def write(path: Path, *rows: Row | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def questions(path: Path, count: int, **values: Any) -> Path:
    return write(path, *({"id": f"p{n}", "prompt": f"Опиши item:{n}", **values} for n in range(count)))


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def by_id(path: Path) -> dict[Any, Row]:
    found = rows(path)
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: row for row in found}


def problems(*arguments: object) -> dict[int, str]:
    """Line → mistake, of a command that ends with bad input."""
    told = report(*arguments, code=2)
    return {problem["line"]: problem["message"] for problem in told["problems"]}
