"""README and docs speak of things that exist: files, make targets, settings, commands, dependencies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from vitrina.cli.main import app
from vitrina.config import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "samples" / "README.md"]
_PREFIXES = "VITRINA|AI|CDN|IMAGE|OPENAI|QDRANT|S3|R2|DROP|LIST_GATE|MODERATION|CATEGORY|DATABASE|LOG|SERVE"
SETTING = re.compile(rf"`((?:{_PREFIXES})_[A-Z0-9_]*[A-Z0-9])\b")
#: Read by something else than the settings: dbt's profile, the model service, the compose file, the tests themselves.
NOT_SETTINGS = re.compile(r"VITRINA_((DBT|TEST)_\w+|MODEL_SERVICE_TOKEN|UPDATE_SNAPSHOT)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_of(page: Path) -> Iterator[str]:
    """Every piece of code of a page: fenced blocks line by line, then what stands in back quotes."""
    text = text_of(page)
    for block in re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_linked_files_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(page))
    here = [link for link in links if "://" not in link]
    assert [link for link in here if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = {found for code in code_of(page) for found in re.findall(r"^\s*make ([a-z-]+)", code)}
    assert named <= targets


def known_settings() -> set[str]:
    known: set[str] = set()
    for field, info in Settings.model_fields.items():
        alias = info.validation_alias
        known |= {str(choice) for choice in getattr(alias, "choices", [alias or field.upper()])}
    return known


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_settings_exist(page: Path) -> None:
    named = {found for found in SETTING.findall(text_of(page)) if not NOT_SETTINGS.fullmatch(found)}
    assert named - known_settings() == set()


def commands(command: object, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], set[str]]:
    """Every command of the command line with its options."""
    found = {path: {option for parameter in command.params for option in parameter.opts}}  # type: ignore[attr-defined]
    for word, inner in getattr(command, "commands", {}).items():
        found |= commands(inner, (*path, word))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_commands_and_options_exist(page: Path) -> None:
    known = commands(get_command(app))
    wrong = []
    for code in code_of(page):
        call = re.match(r"^\s*(?:\.venv/bin/)?vitrina ((?:[a-z]+(?:-[a-z]+)* ?)+)(.*)", code)
        if call is None:
            continue
        words = tuple(call[1].split())
        path = max((p for p in known if p == words[: len(p)]), key=len)
        options = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", call[2].split("#")[0]))
        if not path or options - known[path]:
            wrong.append(code)
    assert wrong == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    readme = text_of(ROOT / "README.md")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_name_no_folder_of_a_developers_machine(page: Path) -> None:
    assert re.findall(r"/(?:home|root|work|Users)/\S*", text_of(page)) == []


def test_every_direct_dependency_is_explained_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(p for group in project["optional-dependencies"].values() for p in group)]
    names = {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in wanted}
    tables = text_of(ROOT / "docs" / "dependencies.md").partition("## Pins")[0]
    explained = {found.lower() for found in re.findall(r"^\| `([A-Za-z0-9._-]+)` \|", tables, flags=re.MULTILINE)}
    assert explained == names


def test_the_locked_versions_are_those_of_the_lock_file() -> None:
    tables = text_of(ROOT / "docs" / "dependencies.md").partition("## Pins")[0]
    lock = (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8")
    locked = {
        n.lower(): v for n, v in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", lock, flags=re.MULTILINE)
    }
    stated = re.findall(r"^\| `([A-Za-z0-9._-]+)` \| ([^ ]+) \|", tables, flags=re.MULTILINE)
    assert [(n, v) for n, v in stated if locked.get(n.lower()) != v] == []


def test_the_graph_in_the_architecture_page_is_the_graph() -> None:
    import dagster as dg

    from pipelines import catalog, feedback, training

    edges = set()
    for asset in (*catalog.ASSETS, *feedback.ASSETS, *training.ASSETS):
        specs = asset.specs if isinstance(asset, dg.AssetsDefinition) else [asset]
        for spec in specs:
            edges |= {(dep.asset_key.to_user_string(), spec.key.to_user_string()) for dep in spec.deps}
    chart = re.search(r"```mermaid\nflowchart(.*?)```", text_of(ROOT / "docs" / "architecture.md"), flags=re.DOTALL)
    assert chart is not None
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)$", chart[1], flags=re.MULTILINE))
    assert drawn == edges
