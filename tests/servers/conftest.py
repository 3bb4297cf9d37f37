"""A project folder for tests that start a whole stack."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.toy import TOY
from vitrina.servers.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vitrina-стек ") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "toy.py").write_text(TOY)
        (folder / "workspace.yaml").write_text(
            "load_from:\n  - python_module: {module_name: toy, location_name: toy}\n"
        )
        (folder / "deploy").mkdir()
        shutil.copyfile(ROOT / "deploy" / "dagster.yaml", folder / "deploy" / "dagster.yaml")
        yield folder
        server = EmbeddedPostgres(folder / "home")
        server.stop()
        server.remove_data()
