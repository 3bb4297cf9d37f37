"""``writer_ratings``: how the writers compare, by what people preferred."""

import dagster as dg

from assets.feedback.preferences import preferences
from assets.plots import intervals, table
from assets.policies import RETRY, Owner
from resources.warehouse import Warehouse


@dg.asset(
    deps=[preferences],
    retry_policy=RETRY,
    group_name="feedback",
    kinds={"python", "postgres"},
    owners=[Owner.DATA],
    tags={"domain": "preferences"},
    code_version="1",
)
def writer_ratings(warehouse: Warehouse) -> dg.MaterializeResult:
    """Bradley-Terry ratings of all writers that met at the desk, with 95 % intervals (bootstrap over products).

    Controlled for length: a writer gets no credit for longer texts as such. A rating is the log odds of being preferred
    to an average writer; one that cannot be given says why.
    """
    from vitrina.preferences.figures import in_words
    from vitrina.preferences.ratings import Unrated, rate
    from vitrina.preferences.writer_votes import comparisons

    metadata: dict[str, dg.MetadataValue | int | str] = {}
    total = 0
    for contract, own in sorted(comparisons().items()):
        found = rate(own)
        total += found.pairs
        name = contract or "unknown"
        rows = [
            (writer, one.reason if isinstance(one, Unrated) else in_words(one), f"{found.wins[writer]:.3f}")
            for writer, one in found.writers.items()
        ]
        metadata[f"{name}_ratings"] = table(["writer", "rating, 95 % interval, n", "share of pairs won"], rows)
        metadata[f"{name}_length"] = f"{in_words(found.length)}: log odds that double length adds"
        metadata[f"{name}_plot"] = intervals(
            found.writers, title=f"Writers of texts of kind {name}", x_label="log odds above the mean", mark=0.0
        )
    if not total:
        metadata["why_empty"] = "undefined because people have not decided any pair of two writers yet"
    return dg.MaterializeResult(metadata={"dagster/row_count": total, **metadata})
