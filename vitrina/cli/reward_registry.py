"""``vitrina reward models | promote | roll-back | push``: which reward model is in use, and changing that by hand.

Belongs here: options and what is printed. Stays out: what may be done (`vitrina.models_registry`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, show_table
from vitrina.cli.promoting import By, Reason, promoted, pushed, rolled_back

#: As the registry calls it.
ROLE = "reward"


def models(as_json: AsJson = False) -> None:
    """All registered reward models, the newest first, with their figures and what the gate said."""
    connected()
    from vitrina.models_registry.models import RegisteredModel

    rows = RegisteredModel.objects.filter(role=ROLE).order_by("-id")[:100]
    found = [_described(row) for row in rows]

    def human() -> None:
        header = ["model", "kind", "status", "accuracy", "pairs", "gate", "dataset", "made"]
        show_table("Reward models", header, [[_shown(each[name]) for name in header] for each in found])

    emit({"models": found}, as_json, human)


def _described(row: Any) -> dict[str, Any]:
    broken = [rule["name"] for rule in row.rules if not rule["passed"]]
    report = row.report
    return {
        "model": row.model_id,
        "kind": row.kind,
        "status": str(row.status),
        "accuracy": [report.get(name) for name in ("accuracy", "accuracy_low", "accuracy_high")],
        "pairs": report.get("n_test"),
        "gate": "met" if row.passed else f"not met: {', '.join(broken) or 'not judged'}",
        "dataset": row.dataset_version,
        "made": row.created_at.isoformat(timespec="minutes"),
    }


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" if None not in value else "-"
    text = str(value)
    return text[:12] if len(text) == 64 else text


def promote(
    model: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make a model the champion. One that the gate did not let through needs --by and --reason, which are kept."""
    promoted(ROLE, model, by=by, reason=reason, as_json=as_json)


def roll_back(by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Bring back the champion before the present one."""
    rolled_back(ROLE, by=by, reason=reason, as_json=as_json)


def push(as_json: AsJson = False) -> None:
    """Leave the Hub on the champion: for a push that failed, or a repository that was named since. Twice is once."""
    pushed(ROLE, as_json=as_json)
