"""The process that reads a list that a person handed in: ``python -m vitrina.workbench.reading_worker FOLDER``.

Belongs here: limits of the process, and the dry run of the reader that the intake uses. Stays out: Django, the object
store, who asks (``incoming``). It is told by files and answers by one: ``request.json`` → ``report.json``.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vitrina.errors import VitrinaError

MEMORY_MB, CPU_SECONDS, UNPACKED_MB = 2048, 120, 2048
_MB = 1 << 20
_LONGEST = 2_000
#: Kind of a problem that is none of the list: the source's settings are wrong.
WRONG_SETTINGS = "settings"


def read(folder: Path) -> dict[str, Any]:
    """What an import would see of the files, or why they cannot be read."""
    from vitrina.feeds import source_config
    from vitrina.feeds.columns import NoTitle
    from vitrina.feeds.preview import check_files
    from vitrina.feeds.records import DropUnreadable

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        config = source_config.load(folder / "source.yaml", request["source"])
        report = check_files([folder / "files" / name for name in request["files"]], config)
    except source_config.SourceConfigError as error:
        return {"problem": error.message, "hint": error.hint or "", "fault": WRONG_SETTINGS}
    except VitrinaError as error:
        fault = error.fault if isinstance(error, DropUnreadable) else ""
        answer = {"problem": error.message, "hint": error.hint or "", "fault": fault}
        if isinstance(error, NoTitle):
            seen = [asdict(column) for column in error.columns]
            answer |= {"seen": _short(seen), "format": error.format, "encoding": error.encoding}
        return answer
    except MemoryError:
        return {"problem": "memory"}
    return {"report": _short(report)}


def _short(value: Any) -> Any:
    """Bounded for a page: a cell may hold a book."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    if isinstance(value, dict):
        return {str(key)[:200]: _short(item) for key, item in list(value.items())[:300]}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value[:300]]
    return value


def limit() -> None:
    """Room for one reading. Systems that lack a limit go without."""
    limits = {
        resource.RLIMIT_AS: MEMORY_MB * _MB,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: UNPACKED_MB * _MB,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def main() -> None:
    """Read, and write the answer whole or not at all."""
    folder = Path(sys.argv[1])
    limit()
    answer = read(folder)
    part = folder / "report.json.part"
    part.write_text(json.dumps(answer, ensure_ascii=False, default=str), encoding="utf-8")
    part.replace(folder / "report.json")


if __name__ == "__main__":
    main()
