"""What the assets of trainings declare alike, and what they show alike.

Belongs here: group, owners, tags, pool and retries; the facts of a run for a model's manifest; tables and plots for the
UI. Stays out: what an asset depends on, its checks and code version, which stand beside it; what a training may take of
the machine (``needs``).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.plots import embed, table
from assets.policies import Owner
from assets.training.needs import Needs
from resources.warehouse import Warehouse

PREFERENCES = dg.AssetKey("preference_dataset")
#: A killed training goes on from its checkpoint, so that a try again costs little.
AGAIN = dg.RetryPolicy(max_retries=2, delay=10)


def trains(needs: Needs) -> dict[str, Any]:
    """Of an asset that trains: arguments of its decorator."""
    return {
        "retry_policy": AGAIN,
        "group_name": "training",
        "kinds": {"python", "safetensors"},
        "owners": [Owner.DATA],
        "tags": {"domain": "training"},
        "op_tags": needs.op_tags,
        "pool": needs.pool,
    }


def gate(name: str, asset: str, rules: str) -> dg.AssetCheckSpec:
    """The blocking check that an asset reports for the gate of its models."""
    return dg.AssetCheckSpec(name, asset=asset, blocking=True, description=f"Every rule of the gate is met: {rules}")


def judgement(rules: Iterable[Any]) -> dg.MarkdownMetadataValue:
    """Every rule of a gate with what was measured."""
    rows = [(rule.name, "yes" if rule.passed else "no", rule.measured, rule.needed) for rule in rules]
    return table(["rule", "met", "measured", "needed"], rows)


def plots(folder: Path) -> dict[str, dg.MarkdownMetadataValue]:
    """Plots of the evaluation that lies in a model's folder."""
    found = sorted(folder.rglob("evaluation/*.png"))
    return {f"plot_{path.stem}": embed(path.read_bytes(), path.stem) for path in found}


def notes(warehouse: Warehouse, version: str, run: str) -> dict[str, str]:
    """What the manifest and the card of a model say of where it comes from."""
    return {"dataset_version": version, "run": run, "licence": warehouse.settings.dataset_licence}


def based(settings: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Settings of a run with the platform's base model, where there is one and the run names none."""
    return {"base": base, **settings} if base else dict(settings)
