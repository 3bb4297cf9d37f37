"""Limits of pools, which Dagster keeps in its database and not in ``deploy/dagster.yaml``.

What belongs here: how many steps of a pool may run at once, and writing that down when the platform starts. What stays
out: which asset is in which pool; limits of runs by tag (``deploy/dagster.yaml``).
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from assets.training.needs import GPU

#: A pool that is not here has ``default_limit``.
LIMITS: Mapping[str, int] = {GPU: 1}


def limit_pools(instance: dg.DagsterInstance, limits: Mapping[str, int] = LIMITS) -> dict[str, int]:
    """Set the limit of each pool that nobody has set a limit of, and return those that were set now.

    A pool that was used before it had a limit stands in the database with the default one: that is no person's word.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return {}
    said = {pool.name for pool in storage.get_pool_limits() if not pool.from_default}
    missing = {name: limit for name, limit in limits.items() if name not in said}
    for name, limit in missing.items():
        storage.set_concurrency_slots(name, limit)
    return missing
