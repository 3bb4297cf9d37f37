"""``vitrina llm ledger``, ``failures`` and ``again``: what was asked, what it cost, what did not work.

Belongs here: options and tables. Stays out: the statements (``vitrina.llm.overview``, ``vitrina.llm.failures``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from vitrina.cli.output import AsJson, emit, say, show_table
from vitrina.config import get_settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Since = Annotated[
    str | None, typer.Option(help="Only what is newer: 30m, 24h, 7d, 2w, a date, or a time (UTC).", show_default=False)
]
Purpose = Annotated[str | None, typer.Option(help="Only of this purpose.", show_default=False)]
Run = Annotated[str | None, typer.Option("--run", help="Only of this run.", show_default=False)]
Classes = Annotated[
    str | None, typer.Option("--class", help="Only of these classes, commas between.", show_default=False)
]
Item = Annotated[str | None, typer.Option("--item", help="Only of this item.", show_default=False)]


@contextmanager
def ledger_dsn() -> Iterator[str]:
    """Where the ledger is, started if need be; commands that only report make no database.

    Raises:
        DatabaseUnavailable: There is none, or it does not answer.
    """
    from vitrina.cli.llm_database import ledger_database
    from vitrina.project.database import database_url, psycopg_dsn

    settings = get_settings()
    with ledger_database(settings, make=False):
        yield psycopg_dsn(database_url(settings))


def ledger(
    by: Annotated[str, typer.Option(help="model, day, purpose, endpoint, run, status; commas between.")] = "model",
    since: Since = None,
    purpose: Purpose = None,
    run: Run = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Sum attempts, tokens and costs."""
    from vitrina.llm.overview import GROUPS, ledger_sums

    names = tuple(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    if not names or (wrong := [name for name in names if name not in GROUPS]):
        told = f"{wrong[0]!r} is not one of {', '.join(GROUPS)}" if names else f"one of {', '.join(GROUPS)} is wanted"
        raise typer.BadParameter(told, param_hint="--by")
    start = read_since(since)
    with ledger_dsn() as dsn:
        sums = ledger_sums(dsn, names, since=start, purpose=purpose, run=run, limit=limit)
    fields = ("attempts", "answered", "failed", "prompt_tokens", "completion_tokens", "tokens_estimated", "cost_usd",
              "unknown_cost")  # fmt: skip
    rows: list[dict[str, Any]] = [
        dict(zip(names, one.group, strict=True)) | {name: getattr(one, name) for name in fields} for one in sums
    ]
    total = {name: sum(row[name] for row in rows) for name in fields}
    data = {"by": list(names), "since": start, "rows": rows, "total": total}

    def human() -> None:
        cells = [[row[name] for name in (*names, *fields)] for row in rows]
        if len(rows) > 1:
            cells.append(["total", *[""] * (len(names) - 1), *(total[name] for name in fields)])
        show_table("Ledger", [*names, *(name.replace("_", " ") for name in fields)], cells)

    emit(data, as_json, human)


def failures(
    since: Since = None,
    purpose: Purpose = None,
    run: Run = None,
    item: Item = None,
    classes: Classes = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List requests that ended without an answer, the newest first, and count them.

    A refusal and the same question in other words are one failure with two tries.
    """
    from vitrina.llm.failures import Which, count_failures, list_failures

    which = Which(purpose=purpose, run_id=run, item_id=item, since=read_since(since), statuses=_statuses(classes))
    with ledger_dsn() as dsn:
        counts, found = count_failures(dsn, which), list_failures(dsn, which, limit=limit)
    rows = [asdict(one) | {"attempts": one.attempts, "cost_usd": one.cost_usd} for one in found]
    data = {
        "total": sum(one.count for one in counts),
        "counts": [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in counts],
        "failures": rows,
    }

    def human() -> None:
        show_table(
            "Failures", ["purpose", "model", "class", "requests", "asked again by the next run"],
            [(one.purpose, one.model, one.status, one.count, one.due or "") for one in counts],
        )  # fmt: skip
        if found:
            show_table(
                f"The newest {len(found)}", ["when", "item", "class", "attempts", "why"],
                [(f"{one.created_at:%Y-%m-%d %H:%M}", one.item_id, " → ".join(one.status for one in one.tries),
                  one.attempts, one.error[:200]) for one in found],
            )  # fmt: skip
            say("`vitrina llm again` has them asked anew by the next run.")

    emit(data, as_json, human)


def again(
    since: Since = None,
    purpose: Purpose = None,
    run: Run = None,
    item: Item = None,
    classes: Classes = None,
    every: Annotated[bool, typer.Option("--all", help="All failures there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have failures asked anew by the next run that comes to them, refusals and filtered ones included."""
    from vitrina.llm.failures import Which
    from vitrina.llm.failures import again as mark

    which = Which(purpose=purpose, run_id=run, item_id=item, since=read_since(since), statuses=_statuses(classes))
    if which == Which() and not every:
        raise typer.BadParameter("say which failures are meant, or give --all", param_hint="--all")
    with ledger_dsn() as dsn:
        marked = mark(dsn, which)
    emit({"marked": marked}, as_json, lambda: say(f"{marked} failures are asked again by the next run"))


def read_since(text: str | None, *, now: datetime | None = None) -> datetime | None:
    """A span back from now, a date, or a time; without a zone it is UTC.

    Raises:
        typer.BadParameter: It is none of these.
    """
    if text is None:
        return None
    now = now or datetime.now(UTC)
    try:
        if (span := re.fullmatch(r"(\d{1,6})\s*([mhdw])", text.strip())) is not None:
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no span (7d) and no date (2026-01-31)", param_hint="--since") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _statuses(text: str | None) -> Any:
    from vitrina.cli.llm_file import failure_classes

    return None if text is None else sorted(failure_classes(text, hint="--class"))
