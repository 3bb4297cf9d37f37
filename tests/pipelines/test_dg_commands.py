"""``dg`` from the project root with nothing set: no variable, no DAGSTER_HOME, no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

BIN = Path(sys.executable).parent


def dg(home: Path, *arguments: str) -> str:
    bare = {"PATH": f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin", "HOME": str(home), "VIRTUAL_ENV": str(BIN.parent)}
    ended = subprocess.run(
        [BIN / "dg", *arguments], cwd=REPOSITORY, env=bare, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


def test_definitions_are_listed_out_of_the_box(tmp_path: Path) -> None:
    listed = json.loads(dg(tmp_path, "list", "defs", "--json"))
    assert {"parsed_products", "published_products"} <= {asset["asset_key"] for asset in listed["assets"]}


def test_definitions_are_checked_out_of_the_box(tmp_path: Path) -> None:
    dg(tmp_path, "check", "defs")
