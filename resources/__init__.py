"""Connections to the outside, one module each. No business rule lives here.

``default_resources()`` builds them from the settings; tests pass their own to ``build_defs``.
"""

from typing import Any


def default_resources() -> dict[str, Any]:
    """Resources of the settings. Nothing is connected until a run or a tick uses it."""
    from resources.llm import LlmResource
    from resources.object_store import ObjectStoreResource
    from resources.vectors import VectorsResource
    from resources.warehouse import Warehouse

    return {
        "warehouse": Warehouse(),
        "object_store": ObjectStoreResource(),
        "vectors": VectorsResource(),
        "llm": LlmResource(),
    }
