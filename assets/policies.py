"""Named automation conditions, retry and backfill policies, owners and tags.

Belongs here: every policy value that more than one asset uses, each with its reason. Tests evaluate the conditions on
an ephemeral instance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import dagster as dg


class Owner:
    """Who answers for an asset: feeds ``owners=`` and alert routing.

    Plain strings and no enum: a code server refuses to serialise members of an enum it does not know.
    """

    CATALOG: Final = "team:catalog"
    CONTENT: Final = "team:content"
    DATA: Final = "team:data"


#: Connections and locks; what can never succeed raises ``dg.Failure(allow_retries=False)``.
RETRY = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

#: The same for every partitioned asset: mixed policies made 155 fragment runs of one backfill.
ONE_RUN = dg.BackfillPolicy.single_run()


def follow_drops(*, standing: Sequence[str] = ()) -> dg.AutomationCondition:
    """For assets partitioned by drop: each drop as soon as what it is made from is there.

    Args:
        standing: Unpartitioned inputs (models, templates) that must exist, whose renewal alone asks for nothing:
            a new prompt or model reaches old drops by a backfill only.
    """
    condition = dg.AutomationCondition.eager()
    if standing:
        # Dagster types the replacement as the replaced whole.
        others: Any = dg.AutomationCondition.any_deps_updated().ignore(dg.AssetSelection.assets(*standing))
        condition = condition.replace("any_deps_updated", others)
    return condition.with_label("follow_drops")


def follow_catalogue(*, not_before: str | None = None, completed_later: Sequence[str] = ()) -> dg.AutomationCondition:
    """For assets over the whole catalogue: after any input changed, once nothing upstream is in progress.

    ``eager`` waits while any upstream partition is missing: one unreadable drop would hold back publishing for ever.

    Args:
        not_before: An input of which at least one partition must stand. Without it the first drop of a new platform
            was published, exported and built into marts before it had a single verdict.
        completed_later: Inputs that are not waited for while they are in progress; what they bring is followed then.
    """
    in_progress: Any = dg.AutomationCondition.any_deps_in_progress()
    if completed_later:
        in_progress = in_progress.ignore(dg.AssetSelection.assets(*completed_later))
    # Dagster types a conjunction as a plain condition, without with_label.
    condition: Any = (
        dg.AutomationCondition.any_deps_match(dg.AutomationCondition.newly_updated()).since_last_handled()
        & ~dg.AutomationCondition.in_progress()
        & ~in_progress
    )
    if not_before is not None:
        stands = ~dg.AutomationCondition.missing()
        condition &= dg.AutomationCondition.asset_matches(dg.AssetKey(not_before), stands)
    named: dg.AutomationCondition = condition.with_label("follow_catalogue")
    return named
