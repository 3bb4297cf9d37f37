"""All code locations in one, for ``dg`` (``dg check defs``, ``dg list defs``). Running uses ``workspace.yaml``."""

from __future__ import annotations

import dagster as dg

from pipelines import catalog, feedback, insight, training
from resources import default_resources

# Merged, a resource of one name must be one object.
_shared = default_resources()
defs = dg.Definitions.merge(
    catalog.build_defs(resources=_shared),
    feedback.build_defs(resources=_shared),
    training.build_defs(resources=_shared),
    insight.defs,
)
