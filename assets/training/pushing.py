"""The model in use, pushed to the Hub where the settings name a repository: in words for the run's metadata."""

import dagster as dg

from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse


def push_champion(
    context: dg.AssetExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse, role: str
) -> str:
    """Where the role's champion lies, also one that a person promoted since. A Hub that fails undoes nothing."""
    from vitrina.errors import VitrinaError
    from vitrina.models_registry import hub, services
    from vitrina.models_registry.models import RegisteredModel

    settings = warehouse.settings
    if not hub.wanted(settings):
        return "no repository is set"
    if (champion := services.champion(RegisteredModel.Role(role))) is None:
        return "no model is in use"
    try:
        done = hub.push(champion, object_store.store(), settings, settings.vitrina_home / "training" / "models")
    except VitrinaError as problem:
        context.log.warning("%s", problem)
        return f"failed: {problem}"
    return f"{done.repo}@{done.revision}{'' if done.pushed else ' (stood there already)'}"
