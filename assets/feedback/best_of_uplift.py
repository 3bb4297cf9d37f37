"""``best_of_uplift``: how often people prefer what the reward model chose to a random other text."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.feedback.preferences import preferences
from assets.plots import intervals, table
from assets.policies import RETRY, Owner
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.preferences.uplift import Uplift


@dg.asset(
    deps=[preferences],
    retry_policy=RETRY,
    group_name="feedback",
    kinds={"python", "postgres"},
    owners=[Owner.DATA],
    tags={"domain": "preferences"},
    code_version="1",
)
def best_of_uplift(warehouse: Warehouse) -> dg.MaterializeResult:
    """The share of pairs in which people preferred the chosen text, with its 95 % interval, by contract and model.

    Its pairs come from the share `best_of` of `PAIR_SHARES`: the chosen text against a random other one of the same
    product. 0.5 is what drawing lots would give.
    """
    from vitrina.preferences.figures import in_words
    from vitrina.preferences.uplift import by_group, verdicts

    found = by_group(verdicts())
    rows = [
        (name, in_words(one.share), in_words(one.votes), one.outcomes["tie"] + one.outcomes["both_bad"],
         one.outcomes["split"])
        for name, one in found.items()
    ]  # fmt: skip
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(one.outcomes.total() for name, one in found.items() if "," not in name),
            "uplift": table(["of", "share for the chosen", "single votes", "ties", "split"], rows),
            "uplift_plot": intervals(
                {name: one.share for name, one in found.items()},
                title="Chosen preferred to a random other text", x_label="share of pairs", mark=0.5,
            ),
            "why_empty": "" if found else "No pair measures a choice yet: set best_of in PAIR_SHARES, and BEST_OF.",
            **_numbers(found),
        }
    )  # fmt: skip


def _numbers(found: "dict[str, Uplift]") -> dict[str, Any]:
    """Shares by contract that have a value: the UI draws them over time."""
    from vitrina.statistics.intervals import Interval

    return {
        f"share_{name}": round(one.share.estimate, 4)
        for name, one in found.items()
        if "," not in name and isinstance(one.share, Interval)
    }
