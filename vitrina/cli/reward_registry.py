"""``vitrina reward models | promote | roll-back``: which reward model is in use, and changing that by hand.

Belongs here: options and what is printed. Stays out: what may be done (`vitrina.models_registry`).
"""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, say, show_table

By = Annotated[
    str, typer.Option("--by", help="Who decides; your account's name when left out, but against the gate it is needed.")
]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the decision.")]


def account() -> str:
    """The name of who is signed in on this machine; empty where it has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def models(as_json: AsJson = False) -> None:
    """All registered reward models, the newest first, with their figures and what the gate said."""
    connected()
    from vitrina.models_registry import rewards
    from vitrina.models_registry.models import RegisteredModel

    rows = RegisteredModel.objects.filter(role=rewards.ROLE).order_by("-id")[:100]
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
    connected()
    from vitrina.models_registry import rewards, services

    row = services.found(rewards.ROLE, model)
    done = services.promote(row, by=by, account=account(), reason=reason)
    told = "is the champion" if done else "is the champion already"
    result = {"model": row.model_id, "changed": done is not None, "overridden": bool(done and done.overridden)}
    emit(result, as_json, lambda: say(f"{row.model_id[:12]} {told}"))


def roll_back(by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Bring back the champion before the present one."""
    connected()
    from vitrina.models_registry import rewards, services

    done = services.roll_back(rewards.ROLE, by=by or account(), reason=reason)
    result = {name: row.model_id if row else None for name, row in (("model", done.model), ("instead_of", done.former))}
    emit(result, as_json, lambda: say(f"{str(result['model'])[:12]} is the champion again"))
