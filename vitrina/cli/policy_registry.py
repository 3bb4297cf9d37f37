"""``vitrina policy models | pairs | promote | roll-back | push``: which models write, and changing that by hand.

Belongs here: options and what is printed. Stays out: what may be done (`vitrina.models_registry`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, facts, show_table
from vitrina.cli.promoting import By, Reason, promoted, pushed, rolled_back
from vitrina.config import get_settings
from vitrina.policy.gates import MIN_VOTES, Votes
from vitrina.statistics.intervals import Interval


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
        header = ["model", "role", "algorithm", "status", "judge", "prompts", "desk", "gate", "dataset", "made"]
        show_table("Models that write", header, [[_shown(each[name]) for name in header] for each in found])

    emit({"models": found}, as_json, human)


def _described(row: Any) -> dict[str, Any]:
    from vitrina.models_registry import desk_votes

    votes = desk_votes.votes_of(row) if row.role == Writers.POLICY else None
    rules = row.rules if votes is None else desk_votes.rules_with(row, votes)
    passed = row.passed if votes is None else desk_votes.passed(rules)
    broken = [rule["name"] for rule in rules if not rule["passed"]]
    won = row.report.get("writers", {}).get("policy", {}).get("judge_win", {})
    return {
        "model": row.model_id,
        "role": str(row.role),
        "algorithm": row.manifest.get("algorithm"),
        "status": str(row.status),
        "judge": [won.get(name) for name in ("share", "low", "high")],
        "prompts": row.report.get("n_prompts"),
        "desk": _votes(votes) if votes is not None else None,
        "gate": "met" if passed else f"not met: {', '.join(broken) or 'not judged'}",
        "dataset": row.dataset_version,
        "made": row.created_at.isoformat(timespec="minutes"),
    }


def _votes(votes: Votes) -> dict[str, Any]:
    """Votes on texts of the policy beside those of its SFT model, and what is missing until they decide."""
    share = votes.share
    known = isinstance(share, Interval)
    bounds = [getattr(share, name) if known else None for name in ("estimate", "low", "high")]
    single = {name: getattr(votes, name) for name in ("policy", "sft", "tie", "both_bad")}
    return {**single, "share_of_pairs": bounds, "missing": max(MIN_VOTES - votes.decided, 0)}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        if not any(value[name] for name in ("policy", "sft", "tie", "both_bad")):
            return "-"
        missing = f", {value['missing']} more are needed" if value["missing"] else ""
        return f"{value['policy']} : {value['sft']}, {value['tie'] + value['both_bad']} equal{missing}"
    if isinstance(value, list):
        return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" if None not in value else "-"
    text = "-" if value is None else str(value)
    return text[:12] if len(text) == 64 else text


def pairs(
    model: Annotated[str, typer.Argument(help="A policy's id, or how it begins.")],
    products: Annotated[int, typer.Option("--products", min=1, help="Of which pairs are wanted in all.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Send texts of a policy beside those of its SFT model to the desk, for products that it did not learn on."""
    connected()
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel
    from vitrina.objects import open_store
    from vitrina.preferences.policy_pairs import make_policy_pairs

    settings = get_settings()
    row = services.found(RegisteredModel.Role.POLICY, model)
    made = make_policy_pairs(settings, open_store(settings), row, products=products)
    result, texts = made.result, made.result.texts
    data = {
        "policy": row.model_id,
        "sft": made.sft.model_id,
        "pairs": result.pairs,
        "standing": made.standing,
        "left_out": dict(result.left_out),
        "batches": result.batches,
        "texts_written": texts.written,
        "texts_failed": dict(texts.failed),
        "why": dict(texts.why),
    }

    def human() -> None:
        title = f"Pairs of {row.model_id[:12]} beside SFT {made.sft.model_id[:12]}"
        facts(title, {name.replace("_", " "): value for name, value in list(data.items())[2:] if value})

    emit(data, as_json, human)
    if texts.failed:
        raise typer.Exit(1)


def promote(
    model: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    role: Role = Writers.POLICY,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make a model the champion. One that the gate did not let through needs --by and --reason, which are kept."""
    promoted(role, model, by=by, reason=reason, as_json=as_json)


def roll_back(role: Role = Writers.POLICY, by: By = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Bring back the champion before the present one. Before the first policy none wrote: none does then."""
    rolled_back(role, by=by, reason=reason, as_json=as_json)


def push(role: Role = Writers.POLICY, as_json: AsJson = False) -> None:
    """Leave the Hub on the champion: for a push that failed, or a repository that was named since. Twice is once."""
    pushed(role, as_json=as_json)
