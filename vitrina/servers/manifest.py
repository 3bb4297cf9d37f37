"""The dbt manifest: built when it is missing or older than a model. ``python -m vitrina.servers.manifest`` does it.

What belongs here: deciding and calling ``dbt parse``, as a step of the set-up. What stays out: dbt inside a code
location, where each run and step process would parse again.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from vitrina.errors import PermanentError

PROJECT_FOLDER = "dbt_like_sql"
#: Where dbt writes, from the project's root; the same whatever ``VITRINA_HOME`` says, since it is made of code alone.
MADE_FOLDER = Path(".vitrina") / "dbt"
SOURCES = {".sql", ".yml", ".yaml", ".csv"}
MADE = {"target", "logs", "dbt_packages"}


def manifest_file(project: Path) -> Path:
    """The manifest of the project's dbt models, there or not."""
    return project / MADE_FOLDER / "manifest.json"


def is_stale(project: Path) -> bool:
    """Whether the manifest is missing or older than a file that it is made from."""
    folder, manifest = project / PROJECT_FOLDER, manifest_file(project)
    if not manifest.is_file():
        return True
    made = manifest.stat().st_mtime
    return any(
        path.stat().st_mtime > made
        for path in folder.rglob("*")
        if path.suffix in SOURCES and path.relative_to(folder).parts[0] not in MADE
    )


def build_manifest(project: Path, environment: Mapping[str, str], log: Path) -> bool:
    """Run ``dbt parse`` when it is needed. It connects to nothing. True when it was.

    Raises:
        PermanentError: dbt refuses the project.
    """
    folder = project / PROJECT_FOLDER
    if not (folder / "dbt_project.yml").is_file() or not is_stale(project):
        return False
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "parse"]
    command += ["--project-dir", str(folder), "--profiles-dir", str(folder), "--quiet"]
    command += ["--log-path", str(log.parent / "dbt"), "--target-path", str((project / MADE_FOLDER).absolute())]
    with log.open("ab") as output:
        done = subprocess.run(  # noqa: S603 - our own command line
            command,
            cwd=folder,
            env={**environment, "DO_NOT_TRACK": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=300,
        )
    if done.returncode != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
        raise PermanentError(f"dbt cannot parse {folder}: {tail}", hint=f"The whole story: {log}")
    return True


def main() -> None:
    """Build the manifest of the project in the working directory."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    project = Path.cwd()
    try:
        built = build_manifest(project, os.environ, project / ".vitrina" / "log" / "dbt.log")
    except PermanentError as error:
        logging.error("%s", error)
        sys.exit(1)
    logging.info("dbt manifest: %s", "built" if built else "stands")


if __name__ == "__main__":
    main()
