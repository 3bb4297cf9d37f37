"""Software-defined assets: thin shells that read, call the domain, write and report.

Checks stand beside their asset. Modules here do without ``from __future__ import annotations``: Dagster reads the
annotations of an asset's function and does not resolve text.
"""

import warnings

import dagster as dg

# ``backfill_policy`` has been beta since 1.5; the version is pinned, and a test runs a range of partitions.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*backfill_policy.*")
