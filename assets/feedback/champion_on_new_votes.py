"""``champion_on_new_votes``: what the reward model in use says of pairs that people voted on since."""

from typing import TYPE_CHECKING

import dagster as dg

from assets.feedback.preferences import preferences
from assets.plots import embed, table
from assets.policies import RETRY, Owner
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.statistics.intervals import Interval, Undefined


@dg.asset(
    deps=[preferences],
    retry_policy=RETRY,
    group_name="feedback",
    kinds={"python", "postgres"},
    owners=[Owner.DATA],
    tags={"domain": "preferences"},
    code_version="1",
)
def champion_on_new_votes(
    context: dg.AssetExecutionContext, warehouse: Warehouse, object_store: ObjectStoreResource
) -> dg.MaterializeResult:
    """One row for each pair with votes: its score by the model that was in use at the first vote, and whether that
    model was right.

    That model cannot have learned from the pair, so accuracy over time is honest. Pairs whose prompt it had seen and
    those that it picked itself are kept, and do not count.
    """
    from vitrina.drift import plots, reading
    from vitrina.drift.scoring import opener_of, score_new
    from vitrina.drift.windows import weeks

    found = score_new(opener_of(object_store.store(), warehouse.settings), run_id=context.run.run_id)
    for why, pairs in found.waiting.items():
        context.log.warning("%d pairs wait: %s", pairs, why)
    reigns = reading.reigns()
    counts = reading.counts()
    drawn = plots.draw(reigns)
    by_model = [
        (reign.model.model_id[:12], reign.model.kind, str(reign.model.status), _promised(reign.promised),
         _words(reign.accuracy), reign.verdict.words)
        for reign in reigns
    ]  # fmt: skip
    by_week = [
        (reign.model.model_id[:12], monday.isoformat(), _words(week.accuracy))
        for reign in reigns
        for monday, week in weeks(reign.rows).items()
    ]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": counts["pairs"],
            "added": found.added,
            "changed": found.changed,
            "removed": found.removed,
            "waiting": sum(found.waiting.values()),
            "pairs": table(["pairs", "n"], list(counts.items())),
            "models": table(["model", "kind", "status", "at promotion", "on new votes", "newest window"], by_model),
            "weeks": table(["model", "week from", "accuracy, 95 % interval, n"], by_week[-60:]),
            "single_votes": _words(reading.single_votes()),
            **({"plot": embed(drawn, "The champion on new votes")} if drawn else {}),
            **_present(),
        }
    )


def _present() -> dict[str, float]:
    """Figures of the model in use: the UI draws them over time."""
    from vitrina.drift import reading

    reign = reading.present()
    newest = reign.verdict.newest if reign is not None else None
    if newest is None:
        return {}
    return {"newest_accuracy": round(newest.estimate, 4), "newest_accuracy_high": round(newest.high, 4)}


def _words(figure: "Interval | Undefined") -> str:
    from vitrina.preferences.figures import in_words

    return in_words(figure)


def _promised(bounds: tuple[float | None, float | None, float | None]) -> str:
    middle, low, high = bounds
    if middle is None:
        return "not known"
    return f"{middle:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None and high is not None else "")


@dg.asset_check(
    asset=champion_on_new_votes,
    description="On the newest pairs the model in use is not worse than on held-out pairs at its promotion.",
)
def champion_holds_on_new_votes(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warns when the upper bound of the newest window lies below the accuracy at promotion: people or texts changed,
    and a newer model is due.
    """
    from vitrina.drift import reading

    reign = reading.present()
    if reign is None:
        return dg.AssetCheckResult(
            passed=True, severity=dg.AssetCheckSeverity.WARN, metadata={"model": "none is in use yet"}
        )
    return dg.AssetCheckResult(
        passed=not reign.verdict.worse,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"model": reign.model.model_id, "said": reign.verdict.words, "pairs": len(reign.rows)},
    )


@dg.asset_check(
    asset=champion_on_new_votes,
    description="People do not prefer texts of its SFT model, or of other writers, to those of the policy in use.",
)
def policy_holds_on_desk_votes(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warns when votes speak against the policy in use: as many as the gate needs, and an upper bound below one half.

    The gate counts votes at the promotion alone. Nothing is rolled back by itself; the check names the command.
    """
    from vitrina.drift.policy import received

    found = received()
    if found is None:
        return dg.AssetCheckResult(
            passed=True, severity=dg.AssetCheckSeverity.WARN, metadata={"model": "no policy is in use yet"}
        )
    way_back = {"way_back": found.way_back} if found.against else {}
    return dg.AssetCheckResult(
        passed=not found.against,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found.words} {found.way_back}".strip(),
        metadata={
            "model": found.model.model_id,
            "said": found.words,
            **{f"votes_beside_{name.replace(' ', '_').lower()}": each.decided for name, each in found.votes.items()},
            **way_back,
        },
    )
