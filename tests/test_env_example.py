"""``.env.example`` and the settings are the same list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

from vitrina.config import PROJECT_ROOT, Settings
from vitrina.llm.service.__main__ import TOKEN_VARIABLE

EXAMPLE = Path(__file__).resolve().parents[1] / ".env.example"
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
MODEL_SERVICE_ONLY = {TOKEN_VARIABLE}


def names_in_the_example() -> list[str]:
    return re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def names_of(field: str) -> list[str]:
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [str(alias or field).upper()]


def test_every_setting_stands_in_the_example() -> None:
    there = set(names_in_the_example())
    assert [field for field in Settings.model_fields if names_of(field)[0] not in there] == []


def test_every_line_of_the_example_is_a_setting() -> None:
    known = {name for field in Settings.model_fields for name in names_of(field)} | COMPOSE_ONLY | MODEL_SERVICE_ONLY
    assert sorted(set(names_in_the_example()) - known) == []


def test_no_setting_stands_there_twice() -> None:
    names = names_in_the_example()
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_setting_has_a_comment_and_no_value_is_active() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"# [A-Z][A-Z0-9_]+=", line):
            assert re.match(r"# \S", lines[number - 1]), f"no comment above {line}"
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_relative_folders_begin_at_the_project_wherever_a_process_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(_env_file=None, vitrina_home=Path("elsewhere"), vitrina_lexicon=Path("/words"))
    assert settings.vitrina_home == PROJECT_ROOT / "elsewhere"
    assert settings.vitrina_lexicon == Path("/words")
