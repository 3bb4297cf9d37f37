"""The collection of measurements: what it reads of a script's output, and that every script can be started."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import FILES, HERE, NEED_FILE, flat, found_scripts, machine, measure, objects

SCRIPTS = found_scripts()


def test_objects_are_found_over_lines_and_between_words() -> None:
    assert objects('loading …\n{"a": {"b": 1}}\n{"c":\n 2}\n{broken\n') == [{"a": {"b": 1}}, {"c": 2}]
    assert objects("nothing here") == []


def test_nested_figures_become_dotted_names_and_long_lists_their_length() -> None:
    assert flat({"a": {"b": 1, "c": [1, 2]}, "d": list(range(9))}) == {"a.b": 1, "a.c": [1, 2], "d": "9 values"}


def test_the_machine_is_named() -> None:
    assert "cores" in machine()
    assert "Python 3.11" in machine()


def test_a_script_without_its_file_is_skipped_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEED_FILE:
        monkeypatch.setitem(FILES, name, tmp_path / "none.csv")
        state, said, _ = measure(HERE / f"{name}.py")
        assert state.startswith("skipped: ")
        assert "VITRINA_TEST_DATA" in state
        assert said == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_says_what_it_measures_and_can_be_started(script: Path) -> None:
    tree = ast.parse((script / "__main__.py" if script.is_dir() else script).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    assert set(FILES) <= {path.stem for path in SCRIPTS}


@pytest.mark.timeout(700)
def test_what_the_measurements_of_training_give_to_other_processes_arrives_there(shared_data: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", "--tests", "2", "--json"],
        cwd=HERE.parent, env={**os.environ, "VITRINA_TEST_DATA": str(shared_data)}, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert all(bar["held"] for bar in objects(ran.stdout))
