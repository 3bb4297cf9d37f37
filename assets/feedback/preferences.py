"""``preferences``: votes and edits of people, taken from the outbox and put together."""

from typing import TYPE_CHECKING

import dagster as dg

from assets.feedback.response_pairs import response_pairs
from assets.plots import bars, histogram, table
from assets.policies import RETRY, Owner
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.statistics.intervals import Interval, Undefined


@dg.asset(
    deps=[response_pairs],
    retry_policy=RETRY,
    group_name="feedback",
    kinds={"python", "postgres"},
    owners=[Owner.DATA],
    tags={"domain": "preferences"},
    code_version="1",
)
def preferences(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    """One row for each pair that people compared, and for each text that a person edited: votes un-flipped, aggregated.

    Votes that agree stand; where people disagree, Dawid-Skene decides if it is sure. Ties and "both bad" stay apart.
    A voided or superseded vote leaves no trace. Decisions are marked as taken in the transaction that writes the rows.
    """
    from vitrina.preferences.collecting import collect
    from vitrina.preferences.dataset import sources
    from vitrina.preferences.figures import figures

    result = collect(run_id=context.run.run_id)
    pairs = list(sources.pairs())
    found = figures(pairs)
    margins = [pair.margin for pair in pairs if pair.margin is not None and pair.votes]
    agreement = [pair.agreement for pair in pairs if pair.agreement is not None and len(pair.votes) > 1]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(pairs),
            "decisions_taken": result.consumed,
            "added": result.added,
            "changed": result.changed,
            "unchanged": result.unchanged,
            "removed": result.removed,
            "outcomes": dg.MetadataValue.json(dict(result.outcomes)),
            "outcomes_plot": bars(result.outcomes, title="What people said", x_label="pairs"),
            "figures": table(["figure", "value, 95 % interval, n"], _lines(found)),
            "agreement_plot": histogram(
                agreement, title="Share of the leading answer", x_label="share", y_label="pairs"
            ),
            "margins_plot": histogram(margins, title="Margins of decided pairs", x_label="margin", y_label="pairs"),
            **{name: dg.MetadataValue.float(round(value, 4)) for name, value in _numbers(found).items()},
        }
    )


def _lines(found: "dict[str, Interval | Undefined]") -> list[tuple[str, str]]:
    from vitrina.preferences.figures import in_words

    return [(name, in_words(figure)) for name, figure in found.items()]


def _numbers(found: "dict[str, Interval | Undefined]") -> dict[str, float]:
    """Figures that have a value: the UI draws them over time."""
    from vitrina.statistics.intervals import Interval

    return {name: figure.estimate for name, figure in found.items() if isinstance(figure, Interval)}


@dg.asset_check(asset=preferences, description="Every preference says what the standing votes say, un-flipped.")
def preferences_say_what_people_said(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Un-flips every vote once more from what was shown, and counts pairs whose unanimous choice is not the outcome."""
    from vitrina.preferences.models import Preference
    from vitrina.review.comparing import canonical

    wrong = []
    rows = Preference.objects.filter(source=Preference.Source.VOTES).values_list("key", "outcome", "votes")
    total = 0
    for key, outcome, votes in rows.iterator(chunk_size=2000):
        total += 1
        said = {canonical(vote["shown"], vote["flip"]) for vote in votes}
        stored = {vote["choice"] for vote in votes}
        expected = {"A": {"a"}, "B": {"b"}, "E": {"tie", "both_bad"}}
        if said != stored or (len(said) == 1 and outcome not in expected[said.pop()]):
            wrong.append(key)
    return dg.AssetCheckResult(
        passed=not wrong, metadata={"pairs": total, "wrong": len(wrong), "keys": ", ".join(wrong[:20])}
    )


@dg.asset_check(asset=preferences, description="People choose the left text about as often as the right one.")
def sides_are_even(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warns when 50 % lies outside of the interval: people, or the page, prefer a side."""
    from vitrina.preferences.dataset import sources
    from vitrina.preferences.figures import figures, in_words
    from vitrina.statistics.intervals import Interval

    left = figures(list(sources.pairs()), gold=False)["left_chosen"]
    return dg.AssetCheckResult(
        passed=not isinstance(left, Interval) or left.holds(0.5),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"left_chosen": in_words(left)},
    )
