"""The checks of ``vitrina doctor``, each a function that returns findings and never raises.

What belongs here: looking, and saying what to do. What stays out: mending anything, and printing.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from pydantic import ValidationError
from pydantic_settings import SettingsError

from vitrina.catalog.reference_data import ADVICE, STANDING, missing
from vitrina.cli.doctor_services import Finding, Level, models, objects, vectors
from vitrina.cli.errors import setting_problems
from vitrina.config import PROJECT_ROOT, Settings, get_settings
from vitrina.errors import VitrinaError
from vitrina.project.database import psycopg_dsn, split_url
from vitrina.project.roles import DESK, PIPELINE, usable_roles
from vitrina.servers.environment import beside, sqlalchemy_url
from vitrina.servers.graphql import DagsterApi
from vitrina.servers.pgbinaries import ServerUser, find_binaries
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import listener, port_is_free
from vitrina.servers.state import running_stack

ENOUGH_DISK = 2_000_000_000  # bytes: the environment, a database, a large drop
PINNED = ("dagster", "dagster-webserver", "dagster-postgres", "dagster-dbt", "Django", "psycopg", "dbt-core")


Check = Callable[[Settings], Iterator[Finding]]


def _programs(_: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    right = sys.version_info[:2] == (3, 11)
    yield Finding("Python", Level.GOOD if right else Level.BAD, version, "" if right else "Python 3.11 is needed.")
    missing, found = [], []
    for name in PINNED:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    yield Finding(
        "packages",
        Level.BAD if missing else Level.GOOD,
        ", ".join(found) + (f"; missing: {', '.join(missing)}" if missing else ""),
        "make install" if missing else "",
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.vitrina_home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    level = Level.GOOD if free > ENOUGH_DISK else Level.WARNING
    yield Finding("disk", level, f"{free / 1e9:.1f} GB free for {settings.vitrina_home}",
                  "" if level is Level.GOOD else "Free some space, or set VITRINA_HOME.")  # fmt: skip


def _ask_postgres(name: str, dsn: str, *, vector: bool) -> Iterator[Finding]:
    try:
        with psycopg.connect(dsn, connect_timeout=5) as session:
            version = session.info.server_version
            row = session.execute("SELECT lower('ЁЖИК') = 'ёжик', current_setting('server_encoding')").fetchone()
            there = session.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
            created = session.execute(
                "SELECT to_regclass('vectors_storedvector') IS NULL OR to_regtype('sparsevec') IS NOT NULL"
            ).fetchone()
    except psycopg.Error as error:
        text = str(error).strip().splitlines()[0]
        yield Finding(name, Level.BAD, text, "Check the URL, the server and the password.")
        return
    cyrillic = row is not None and bool(row[0]) and row[1] == "UTF8"
    if not cyrillic:
        yield Finding(name, Level.BAD, "the database does not know Cyrillic letters (locale C)",
                      "Make it with LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' ENCODING UTF8.")  # fmt: skip
    elif vector and there is None:
        yield Finding(name, Level.WARNING, "the extension pgvector is not installed on the server", "Install pgvector.")
    elif vector and created is not None and not created[0]:
        yield Finding(name, Level.WARNING, "this database lacks pgvector 0.7: the desk compares vectors itself",
                      "Have a superuser CREATE EXTENSION vector in it, or ALTER EXTENSION vector UPDATE.")  # fmt: skip
    else:
        yield Finding(name, Level.GOOD, f"PostgreSQL {version // 10000}.{version % 10000} answers")


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        split_url(url)  # says what is wrong with one of another kind
        yield from _ask_postgres("database (DATABASE_URL)", psycopg_dsn(url), vector=True)
        yield from _roles(url)
        own = settings.dagster_database_url
        other = own.get_secret_value() if own is not None else beside(url, "dagster")
        yield from _ask_postgres("Dagster's database", psycopg_dsn(sqlalchemy_url(other)), vector=False)
        return
    server = EmbeddedPostgres(settings.vitrina_home)
    try:
        binaries = find_binaries(settings.vitrina_pg_bin, ServerUser.needed(), settings.vitrina_home / "run" / "pgsql")
        yield Finding("PostgreSQL programs", Level.GOOD, f"version {binaries.major} in {binaries.folder}")
        status = server.status()
    except VitrinaError as error:
        yield Finding("embedded PostgreSQL", Level.BAD, error.message, error.hint or "")
        return
    if status.connection is None:
        yield Finding("embedded PostgreSQL", Level.GOOD, f"not running; data in {status.data}")
        return
    yield from _ask_postgres("embedded PostgreSQL", status.connection.dsn_socket(), vector=True)
    yield from _roles(status.connection.dsn_socket())
    yield from _ask_postgres("Dagster's database", status.connection.dsn_socket("dagster"), vector=False)


def _roles(url: str) -> Iterator[Finding]:
    with contextlib.suppress(psycopg.Error):  # told above
        missing = {PIPELINE, DESK} - usable_roles(url)
        if missing:
            yield Finding("database roles", Level.WARNING, f"{' and '.join(sorted(missing))} cannot be taken on: "
                          "pipelines and desk act as the owner of the tables",
                          "Migrate as a user that may make roles; “Database roles” in docs/operating.md.")  # fmt: skip


def _reference(settings: Settings) -> Iterator[Finding]:
    """What drops wait for. Said of a database that answers and has its tables; another is told of above."""
    if settings.database_url is not None:
        dsn = psycopg_dsn(settings.database_url.get_secret_value())
    else:
        running = EmbeddedPostgres(settings.vitrina_home).status().connection
        if running is None:
            return
        dsn = running.dsn_socket()
    with contextlib.suppress(psycopg.Error):
        with psycopg.connect(dsn, connect_timeout=5) as session:
            absent = missing(name for (name,) in session.execute(STANDING).fetchall())
        if not absent:
            yield Finding("reference data", Level.GOOD, "categories, classifier, templates and their vectors are there")
        for one in absent:
            advice = ADVICE[one]
            yield Finding(f"reference data: {one}", Level.WARNING, f"not there, so {advice.holds}", advice.fix)


def _dagster(settings: Settings) -> Iterator[Finding]:
    state = running_stack(settings.vitrina_home.absolute())
    if state is None:
        port = settings.vitrina_port
        if port_is_free(port):
            yield Finding("Dagster", Level.GOOD, f"not running; port {port} is free")
        else:
            yield Finding("Dagster", Level.WARNING, f"not running, and port {port} is taken by {listener(port)}",
                          "Set VITRINA_PORT to another one.")  # fmt: skip
        return
    for location in DagsterApi(state.address, timeout_s=10).locations():
        if location.loaded:
            yield Finding(f"location {location.name}", Level.GOOD, "loaded")
            continue
        first = (location.error or "still loading").strip().splitlines()[0]
        log = settings.vitrina_home / "log" / f"location-{location.name}.log"
        yield Finding(f"location {location.name}", Level.BAD, first, f"See {log}")


def _files(settings: Settings) -> Iterator[Finding]:
    for name in ("workspace.yaml", "deploy/dagster.yaml"):
        if not (PROJECT_ROOT / name).is_file():
            yield Finding(name, Level.BAD, "missing", "Restore it from the repository.")
    for what, path in (("VITRINA_LEXICON", settings.vitrina_lexicon), ("AI_PRICES_FILE", settings.ai_prices_file)):
        if path is not None and not Path(path).is_file():
            yield Finding(what, Level.BAD, f"{path} does not exist", f"Mend {what} in .env.")
    if settings.ai_run_budget_usd is None and settings.openai_base_url:
        yield Finding("budget", Level.WARNING, "no limit on what a run may spend", "Set AI_RUN_BUDGET_USD.")


CHECKS: tuple[Check, ...] = (_programs, _disk, _files, _database, _reference, _dagster, objects, vectors, models)


def run_checks() -> list[Finding]:
    """All checks in order; settings that cannot be read end it at once."""
    try:
        settings = get_settings()
    except ValidationError as error:
        fix = "Mend it in .env or in the environment; .env.example explains it."
        return [Finding(f"setting {name}", Level.BAD, what, fix) for name, what in setting_problems(error)]
    except SettingsError as error:
        return [Finding("settings", Level.BAD, str(error), "Write it as .env.example shows.")]
    findings = [Finding("settings", Level.GOOD, f"read; home is {settings.vitrina_home}")]
    for check in CHECKS:
        try:
            findings.extend(check(settings))
        except (VitrinaError, OSError, ValueError) as error:
            hint = getattr(error, "hint", None) or ""
            said = error.message if isinstance(error, VitrinaError) else str(error)
            findings.append(Finding(check.__name__.strip("_"), Level.BAD, said, hint))
    return findings
