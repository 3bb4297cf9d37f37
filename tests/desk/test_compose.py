"""The desk of docker-compose.yml is started as ``make up`` starts it."""

from __future__ import annotations

import yaml

from tests.conftest import REPOSITORY
from vitrina.servers.children import desk_command


def words(command: list[str]) -> list[str]:
    """What gunicorn is told, but for its address, which is each one's own."""
    told = command[command.index("gunicorn") + 1 :]
    at = told.index("--bind")
    return told[:at] + told[at + 2 :]


def test_both_desks_have_the_same_workers_and_patience() -> None:
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    command = services["desk"]["command"]
    assert words(command) == words(desk_command(3001))
