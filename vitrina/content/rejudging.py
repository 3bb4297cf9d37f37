"""Verdicts given anew after something that the rules see has changed.

Belongs here: which products are judged again. Stays out: verdicts (``verdicts``), pictures (``pictures``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from vitrina.config import Settings
from vitrina.content.models import Verdict
from vitrina.content.verdicts import moderate


def judge_again(conflicts: Collection[int], product_ids: Sequence[int], settings: Settings, *, run_id: str = "") -> int:
    """Verdicts anew where pictures changed what the rules see; returns how many were given anew.

    Pictures come later than texts as often as not, and texts do not wait for them.

    Args:
        conflicts: Products among these whose pictures contradict their text now.
        product_ids: All products whose pictures were looked at.
    """
    said = Verdict.objects.filter(
        version__product__in=list(product_ids), decided_by="rules", reasons__contains=[{"rule": "picture_conflict"}]
    )
    ids = sorted({*conflicts, *said.values_list("version__product_id", flat=True)})
    result = moderate(ids, settings, run_id=run_id) if ids else None
    return result.approved + result.sent if result is not None else 0
