"""The model in use, pushed to the Hub where the settings name a repository: in words for the run's metadata."""

import dagster as dg

from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse


def push_champion(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse, role: str
) -> str:
    """Where the role's champion lies, also one that a person promoted since. A Hub that fails undoes nothing."""
    from vitrina.models_registry import hub

    found = hub.push_champion(role, object_store.store, warehouse.settings)
    if found.problem is not None:
        context.log.warning("%s", found.problem)
    return found.said
