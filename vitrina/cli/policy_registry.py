"""``vitrina policy models | promote | roll-back``: which models write, and changing that by hand.

Belongs here: options and what is printed. Stays out: what may be done (`vitrina.models_registry`).
"""

from __future__ import annotations

import getpass
from enum import StrEnum
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, say, show_table

By = Annotated[str, typer.Option("--by", help="Who decides; your account's name when left out.")]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the decision.")]


class Writers(StrEnum):
    """Roles of models that write."""

    POLICY = "policy"
    SFT = "sft"


Role = Annotated[Writers, typer.Option("--role", help="What the model is used as.")]


def models(as_json: AsJson = False) -> None:
    """All registered models that write, the newest first, with their figures and what the gate said."""
    connected()
    from vitrina.models_registry.models import RegisteredModel

    rows = RegisteredModel.objects.filter(role__in=list(Writers)).order_by("-id")[:100]
    found = [_described(row) for row in rows]

    def human() -> None:
        header = ["model", "role", "algorithm", "status", "judge", "prompts", "gate", "dataset", "made"]
        show_table("Models that write", header, [[_shown(each[name]) for name in header] for each in found])

    emit({"models": found}, as_json, human)


def _described(row: Any) -> dict[str, Any]:
    broken = [rule["name"] for rule in row.rules if not rule["passed"]]
    won = row.report.get("writers", {}).get("policy", {}).get("judge_win", {})
    return {
        "model": row.model_id,
        "role": str(row.role),
        "algorithm": row.manifest.get("algorithm"),
        "status": str(row.status),
        "judge": [won.get(name) for name in ("share", "low", "high")],
        "prompts": row.report.get("n_prompts"),
        "gate": "met" if row.passed else f"not met: {', '.join(broken) or 'not judged'}",
        "dataset": row.dataset_version,
        "made": row.created_at.isoformat(timespec="minutes"),
    }


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" if None not in value else "-"
    text = "-" if value is None else str(value)
    return text[:12] if len(text) == 64 else text


def promote(
    model: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    role: Role = Writers.POLICY,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make a model the champion. One that the gate did not let through needs --by and --reason, which are kept."""
    connected()
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel

    row = services.found(RegisteredModel.Role(role), model)
    done = services.promote(row, by=by or getpass.getuser(), reason=reason)
    told = "is the champion" if done else "is the champion already"
    result = {"model": row.model_id, "changed": done is not None, "overridden": bool(done and done.overridden)}
    emit(result, as_json, lambda: say(f"{row.model_id[:12]} {told}"))


def roll_back(role: Role = Writers.POLICY, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Bring back the champion before the present one."""
    connected()
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel

    done = services.roll_back(RegisteredModel.Role(role), by=by or getpass.getuser(), reason=reason)
    result = {"model": done.model.model_id, "instead_of": done.former.model_id if done.former else None}
    emit(result, as_json, lambda: say(f"{done.model.model_id[:12]} is the champion again"))
