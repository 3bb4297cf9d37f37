"""What docker-compose.yml names exists: modules, programs, files, variables, locations. No engine is needed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_env_example import COMPOSE_ONLY, names_in_the_example, names_of
from vitrina.config import Settings

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ONE_SHOT = {"migrate", "limits"}


def workspace_of(text: str, kind: str) -> set[str]:
    return {entry[kind]["location_name"] for entry in yaml.safe_load(text)["load_from"]}


def test_there_is_one_container_for_each_code_location() -> None:
    wanted = workspace_of((ROOT / "workspace.yaml").read_text(encoding="utf-8"), "python_module")
    assert workspace_of(COMPOSE["configs"]["workspace"]["content"], "grpc_server") == wanted
    for entry in yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]:
        module = entry["python_module"]
        command = SERVICES[module["location_name"]]["command"]
        assert command[command.index("-m") + 1] == module["module_name"]
        assert command[command.index("--location-name") + 1] == module["location_name"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_program_of_ours_exists(name: str) -> None:
    command: list[str] = OURS[name]["command"]
    scripts = {entry.name for entry in importlib.metadata.entry_points(group="console_scripts")}
    assert command[0] == "python" or command[0] in scripts
    for flag, value in itertools.pairwise(command):
        if flag == "-m":
            assert importlib.util.find_spec(value) is not None, value


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_of_ours_is_read_by_somebody(name: str) -> None:
    settings = {alias for field in Settings.model_fields for alias in names_of(field)}
    dagster = set(re.findall(r"env: (\w+)", (ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8")))
    known = settings | dagster | {"DAGSTER_EVENT_BATCH_SIZE", "DJANGO_SETTINGS_MODULE"}
    assert sorted(set(OURS[name]["environment"]) - known) == []


def test_every_variable_of_dagster_yaml_is_set_in_the_containers() -> None:
    wanted = set(re.findall(r"env: (\w+)", (ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8")))
    image = set(re.findall(r"\b([A-Z_]+)=", (ROOT / "Dockerfile").read_text(encoding="utf-8")))
    for name, service in OURS.items():
        assert wanted <= set(service["environment"]) | image, name


def test_the_url_of_dagster_names_the_driver_that_it_needs() -> None:
    for service in OURS.values():
        assert service["environment"]["DAGSTER_PG_URL"].startswith("postgresql+psycopg2://")


def test_what_is_interpolated_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    assert sorted(used - set(names_in_the_example())) == []
    assert used >= COMPOSE_ONLY


def test_no_password_has_a_default() -> None:
    for name in (
        "POSTGRES_PASSWORD",
        "QDRANT_API_KEY",
        "S3_ACCESS_KEY_ID",
        "S3_SECRET_ACCESS_KEY",
        "VITRINA_SECRET_KEY",
    ):
        assert f"${{{name}:?" in TEXT, f"{name} must be demanded"
        assert f"${{{name}:-" not in TEXT, f"{name} must have no default"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_every_lasting_service_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_nothing_is_published_beyond_loopback_and_every_image_has_a_version() -> None:
    for service in SERVICES.values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
        assert re.search(r":[\w.-]+$", service["image"])
        assert not service["image"].endswith(":latest")


def test_named_volumes_and_configs_are_declared() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists()
        assert {config["source"] for config in service.get("configs", [])} <= set(COMPOSE["configs"])


def test_what_the_image_copies_exists() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (.+)$", text, flags=re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
