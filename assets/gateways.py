"""The gateway's part of an asset that asks a model: lines of its log, figures, checks.

Belongs here: what all such assets show of the gateway, and what must hold of their answers. Stays out: asking, what
becomes of a step without answers (``assets.answers``). The checks come with the asset, where the counts are in hand;
none of them holds anything back.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from vitrina.llm.outcomes import UNFINISHED, Outcome

if TYPE_CHECKING:
    from vitrina.llm.gateway import Progress

#: Share of answers that keep their contract, the second call included; below it prompt and model do not go together.
VALID_SHARE = 0.9
_LOSS, _FORM, _BUDGET = "answers_are_accounted_for", "answers_keep_their_form", "budget_suffices"


def teller(context: dg.AssetExecutionContext) -> Callable[["Progress"], None]:
    """Writes a run's progress to its log; a breaker that is open, as a warning."""

    def tell(progress: "Progress") -> None:
        context.log.info(
            "%d answers, %d failed, %d from the ledger, %s USD",
            progress.done, progress.failed, progress.cached, progress.cost_usd,
        )  # fmt: skip
        if progress.waiting:
            context.log.warning(progress.waiting)

    return tell


def gateway_metadata(summary: Mapping[str, Any]) -> dict[str, dg.MetadataValue]:
    """Calls, tokens, cost, latency, budgets; ``controls`` tells breakers, stops and what is waited for."""
    plain = {
        key: value if isinstance(value, int | float | dict | list | None) else str(value)
        for key, value in summary.items()
    }
    return {"gateway": dg.MetadataValue.json(plain)}


def answer_checks(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks of an asset that asks a model; :func:`answer_results` gives their results."""
    told = {
        _LOSS: "Asked = answered + failed + left for later: no question is lost.",
        _FORM: f"At least {VALID_SHARE:.0%} of the answers keep their contract.",
        _BUDGET: "No question was left for want of money, and no budget was exceeded.",
    }
    return [dg.AssetCheckSpec(name, asset=asset, description=text) for name, text in told.items()]


def answer_results(
    *, asked: int, answered: int, failed: Mapping[str, int], summary: Mapping[str, Any]
) -> Iterator[dg.AssetCheckResult]:
    """One result for each spec of :func:`answer_checks`.

    Args:
        asked: Questions of this run.
        answered: Of them, those with an answer that was kept.
        failed: Outcome → count of the others.
        summary: As of :meth:`vitrina.llm.gateway.Gateway.summary`; only its budgets are looked at.
    """
    left = sum(failed.get(outcome, 0) for outcome in UNFINISHED)
    lost = asked - answered - sum(failed.values())
    yield dg.AssetCheckResult(
        check_name=_LOSS,
        passed=lost == 0,
        metadata={
            "asked": asked,
            "answered": answered,
            "failed": sum(failed.values()) - left,
            "left_for_later": left,
            "lost": lost,
        },
    )
    broken = failed.get(Outcome.INVALID, 0) + failed.get(Outcome.TRUNCATED, 0)
    share = answered / (answered + broken) if answered + broken else 1.0
    yield dg.AssetCheckResult(
        check_name=_FORM,
        passed=share >= VALID_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"share": round(share, 4), "answered": answered, "broken": broken},
    )
    budgets: Mapping[str, Mapping[str, str]] = summary.get("budgets", {})
    over = [name for name, one in budgets.items() if Decimal(one["spent_usd"]) > Decimal(one["limit_usd"])]
    unpaid = failed.get(Outcome.BUDGET, 0)
    yield dg.AssetCheckResult(
        check_name=_BUDGET,
        passed=not over and not unpaid,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"not_asked": unpaid, "exceeded": over, "budgets": dg.MetadataValue.json(dict(budgets))},
    )
