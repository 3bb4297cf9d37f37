"""The environment, the home of Dagster, and the workspace that its processes are started with.

What belongs here: which variables they get and which files they read. What stays out: starting them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from vitrina.errors import PermanentError
from vitrina.servers.pgconnection import write_file


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """One entry of ``workspace.yaml``."""

    name: str
    module: str


def read_workspace(path: Path) -> list[CodeLocation]:
    """The Python modules that a workspace file names.

    Raises:
        PermanentError: the file is missing or holds something else.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["load_from"]
        return [CodeLocation(e["python_module"]["location_name"], e["python_module"]["module_name"]) for e in entries]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise PermanentError(
            f"{path} is not a list of python_module entries with location_name and module_name ({error}).",
            hint="Compare it with the one in the repository.",
        ) from error


def write_workspace(path: Path, sockets: Mapping[str, Path]) -> Path:
    """The workspace as the webserver and the daemon get it: the same locations, as servers that both share.

    One process per location instead of one for each reader of it saves about 100 MB per location. Sockets and not
    ports, since their names stay: Dagster files the ticks of a sensor under the address of its location.
    """
    servers = [
        {"grpc_server": {"host": "localhost", "socket": str(socket), "location_name": name}}
        for name, socket in sockets.items()
    ]
    write_file(path, yaml.safe_dump({"load_from": servers}, allow_unicode=True))
    return path


def prepare_dagster_home(home: Path, project: Path) -> Path:
    """Make DAGSTER_HOME below the home folder, with the project's ``deploy/dagster.yaml`` in it. In the project root
    it would be read by every ``dg`` command, which has none of its variables."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    source = project / "deploy" / "dagster.yaml"
    if not source.is_file():
        raise PermanentError(f"{source} is missing.", hint="Restore it from the repository.")
    shutil.copyfile(source, folder / "dagster.yaml")
    return folder


def sqlalchemy_url(url: str) -> str:
    """The URL with the driver named that dagster-postgres is written for.

    SQLAlchemy 2.1 would take psycopg 3 for a bare ``postgresql``, and every run would fail at its first NOTIFY.

    Raises:
        PermanentError: it is no PostgreSQL URL, or names no database.
    """
    parts = urlsplit(url)
    if parts.scheme.split("+")[0] not in {"postgres", "postgresql"} or not parts.path.lstrip("/"):
        raise PermanentError(
            "Dagster's database must be given as postgresql://user:password@host:port/name.",
            hint="Mend DAGSTER_DATABASE_URL (or DATABASE_URL).",
        )
    return parts._replace(scheme="postgresql+psycopg2").geturl()


def beside(url: str, database: str) -> str:
    """The same server's URL with another database name."""
    parts = urlsplit(url)
    return parts._replace(path=f"/{database}").geturl() if parts.netloc else url


def process_environment(
    *, home: Path, project: Path, dagster_home: Path, dagster_url: str, mark: str
) -> dict[str, str]:
    """The environment of the Dagster processes and of every run: ours, plus what must not be left to chance."""
    here = str(project)
    path = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "DAGSTER_PG_URL": sqlalchemy_url(dagster_url),
        "DAGSTER_HOME": str(dagster_home),
        "DAGSTER_COMPUTE_LOGS": str(home / "log" / "runs"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        # Buffered events: 1,000 partitions in one run took 46 s with it and 127 s without. A run's partitions must fit
        # (DROP_RANGE_SIZE): they come in no order, and automation that saw a part of them asked for 690 runs in place
        # of 30.
        "DAGSTER_EVENT_BATCH_SIZE": os.environ.get("DAGSTER_EVENT_BATCH_SIZE", "1000"),
        # its list of fonts would lie in the person's home folder
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(home / "cache" / "matplotlib")),
        "VITRINA_HOME": str(home),
        "VITRINA_STACK": mark,
        "PYTHONPATH": f"{here}{os.pathsep}{path}" if path else here,
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
