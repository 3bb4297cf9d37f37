"""Nothing of the platform knows the made-up world, and so the rubric."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("vitrina", "assets", "pipelines", "sensors", "resources", "deploy", "dbt_like_sql")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            names.add(node.value)  # importlib, `python -m`, entry points
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_of_the_platform_imports_the_simulation(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files or room in ("deploy", "dbt_like_sql")
    assert [str(path.relative_to(ROOT)) for path in files if "simulation" in imported(path)] == []


def test_no_other_file_of_the_platform_names_it() -> None:
    kinds = {".yaml", ".yml", ".sql", ".j2", ".html", ".json", ".toml", ".cfg"}
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in kinds and path.is_file()]
    named = [str(path) for path in files if "simulation." in path.read_text(encoding="utf-8", errors="replace")]
    assert named == []


def test_the_rule_of_imports_names_it_above_all_rooms() -> None:
    rules = (ROOT / ".importlinter").read_text(encoding="utf-8")
    layers = rules.partition("layers =")[2].split()
    assert layers[0] == "simulation"
