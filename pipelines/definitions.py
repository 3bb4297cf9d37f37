"""All code locations in one, for ``dg`` (``dg check defs``, ``dg list defs``). Running uses ``workspace.yaml``."""

from __future__ import annotations

import dagster as dg

from pipelines import catalog, insight

defs = dg.Definitions.merge(catalog.defs, insight.defs)
