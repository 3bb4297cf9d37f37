"""Whether a run was asked to make again what stands but was made by an older prompt, template or model.

A person's backfill says so; a run of the sensor or of an automation condition does not.
"""

from __future__ import annotations

import dagster as dg

_BACKFILL = "dagster/backfill"
_AUTOMATION = ("dagster/from_automation_condition", "dagster/auto_materialize")
REFRESH_TAG = "vitrina/refresh"


def refresh_asked(context: dg.AssetExecutionContext) -> bool:
    """True for a backfill that a person launched, and for runs tagged ``vitrina/refresh: true``."""
    tags = context.run.tags
    if REFRESH_TAG in tags:
        return tags[REFRESH_TAG].casefold() == "true"
    return _BACKFILL in tags and not any(tag in tags for tag in _AUTOMATION)
