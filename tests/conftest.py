"""Fixtures of every room: test data, a migrated database of one's own, settings in a temporary home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from vitrina.config import Settings, get_settings
from vitrina.servers.locks import locked
from vitrina.servers.testing import TestServer, end_server, make_folder, server_in

if TYPE_CHECKING:
    import dagster as dg

REPOSITORY = Path(__file__).resolve().parent.parent

# Settings of the person who runs the tests must not reach them.
for _name in list(os.environ):
    if _name.startswith(("OPENAI_", "AI_", "S3_", "R2_", "QDRANT_", "VITRINA_")) and not _name.startswith(
        "VITRINA_TEST"
    ):
        del os.environ[_name]
os.environ.pop("DATABASE_URL", None)
os.environ.pop("DAGSTER_DATABASE_URL", None)
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
# What is looked at again is drawn: a test that is about it says how often.
os.environ["REVIEW_SECOND_LOOK_PERCENT"] = "0"
# One process has one set of Django's applications: that of the desk, which holds the pipelines' own.
os.environ["DJANGO_SETTINGS_MODULE"] = "vitrina.project.desk_settings"


# How long an example takes says nothing about right and wrong, and much about what else the machine does. The examples
# are the same in every run: a change is not held up by what it has nothing to do with. VITRINA_TEST_NEW_EXAMPLES=1
# looks for further ones.
hypothesis_settings.register_profile(
    "vitrina",
    deadline=None,
    derandomize=not os.environ.get("VITRINA_TEST_NEW_EXAMPLES"),
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("vitrina")


_SHARED = "VITRINA_TEST_SHARED"
#: Seconds after which a test counts as one that hangs; no figure of its speed.
WATCHDOG = 1200


def pytest_configure(config: pytest.Config) -> None:
    """One folder for what all workers share: a PostgreSQL server, and the samples gone through the chain."""
    if not hasattr(config, "workerinput"):
        os.environ[_SHARED] = str(make_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The workers have ended by now."""
    if not hasattr(config, "workerinput"):
        end_server(Path(os.environ.pop(_SHARED)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: workers that take a file each end together when the last ones are short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        # Fixtures count too: who comes first makes what all share, or trains a model, on a machine of unknown speed
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(WATCHDOG))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real drops and malformed input that the repository does not carry."""
    folder = Path(os.environ.get("VITRINA_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "drops").is_dir():
        pytest.skip(f"the shared test data are not here ({folder}); set VITRINA_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Where workers of one run leave what the others need too; it goes with the run."""
    return Path(os.environ[_SHARED])


@pytest.fixture(scope="session")
def pg_server(shared_folder: Path) -> TestServer:
    """One embedded PostgreSQL for all workers."""
    return server_in(shared_folder)


def _point_django_at(dsn: str, home: Path, role: str = "") -> None:
    os.environ["DATABASE_URL"] = dsn
    os.environ["DATABASE_ROLE"] = role
    os.environ["VITRINA_HOME"] = str(home)
    get_settings.cache_clear()
    from vitrina.project.database import split_url, with_role
    from vitrina.project.setup import setup_django

    setup_django()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.db import connections

    # A password takes a fifth of a second, as it should; a third of the tests make people who have one
    PBKDF2PasswordHasher.iterations = 1
    connections.close_all()
    connections["default"].settings_dict.update(split_url(with_role(dsn, role)))


@pytest.fixture(scope="session")
def migrated_template(pg_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database with every migration applied; tests get copies of it."""

    def migrate(dsn: str) -> None:
        _point_django_at(dsn, tmp_path_factory.mktemp("template-home"))
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()

    return pg_server.template(migrate)


@pytest.fixture
def database(pg_server: TestServer, migrated_template: str, tmp_path: Path) -> Iterator[str]:
    """A migrated database of this test's own, which Django is pointed at; its DSN."""
    name = pg_server.fresh_database(template=migrated_template)
    dsn = pg_server.connection.dsn_socket(name)
    _point_django_at(dsn, tmp_path / "home")
    yield dsn
    from django.db import connections

    connections.close_all()
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("VITRINA_HOME", None)
    get_settings.cache_clear()
    pg_server.drop_database(name)


@pytest.fixture
def settings(database: str) -> Settings:
    """Settings of the test's own database and home folder."""
    return get_settings()


@dataclass(frozen=True)
class Processed:
    """The samples, gone through the whole chain once on PostgreSQL: a database to copy, its home, Dagster's record."""

    database: str
    home: Path
    instance: dg.DagsterInstance
    runs: dict[str, str]
    keys: list[str]


def _point_nowhere() -> None:
    from django.db import connections

    connections.close_all()
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("VITRINA_HOME", None)
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def processed_template(pg_server: TestServer, migrated_template: str, shared_folder: Path) -> Iterator[Processed]:
    """The samples after sensor, chain and publication: about 30 s, by whichever worker needs them first."""
    from tests.fakes import catalogue

    home, told = shared_folder / "processed", shared_folder / "processed.json"
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("DAGSTER_PG_URL", "DAGSTER_HOME", "DAGSTER_COMPUTE_LOGS"):
            patch.setenv(variable, "")
        with locked(shared_folder / "processed.lock", timeout_s=WATCHDOG - 20):
            if not told.exists():
                database, record = pg_server.fresh_database(template=migrated_template), pg_server.fresh_dsn()
                _point_django_at(pg_server.connection.dsn_socket(database), home)
                instance = catalogue.postgres_instance(home / "dagster", record)
                runs, keys = _process_samples(instance)
                _point_nowhere()
                told.write_text(json.dumps({"database": database, "record": record, "runs": runs, "keys": keys}))
                instance.dispose()
        found = json.loads(told.read_text())
        instance = catalogue.postgres_instance(home / "dagster", found["record"])
        yield Processed(found["database"], home, instance, found["runs"], found["keys"])
        instance.dispose()


def _process_samples(instance: dg.DagsterInstance) -> tuple[dict[str, str], list[str]]:
    """Name of each run → its id; the partitions."""
    from tests.fakes import catalogue

    catalogue.place_samples()
    results = {"reference_data": catalogue.run("reference_data", instance)}
    [request] = catalogue.Ticker("new_drops", instance).settle()
    keys = catalogue.keys_of(request, instance)
    results["intake"] = catalogue.execute(request, instance)
    results["process_drop"] = catalogue.run("process_drop", instance, keys)
    results["publish"] = catalogue.run("publish", instance)
    return {name: result.run_id for name, result in results.items()}, keys


@pytest.fixture
def processed(pg_server: TestServer, processed_template: Processed, tmp_path: Path) -> Iterator[Processed]:
    """A copy of the processed samples of this test's own, with an ephemeral Dagster instance that knows the drops."""
    import dagster as dg

    name = pg_server.fresh_database(template=processed_template.database)
    home = tmp_path / "home"
    # Half a gigabyte, most of it holes that the index keeps ready: cp leaves them as they are, shutil would write them
    subprocess.run(["cp", "-R", processed_template.home, home], check=True)
    shutil.rmtree(home / "dagster", ignore_errors=True)
    _point_django_at(pg_server.connection.dsn_socket(name), home)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("drops", processed_template.keys)
        yield Processed(name, home, instance, {}, processed_template.keys)
    _point_nowhere()
    pg_server.drop_database(name)
    shutil.rmtree(home)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory."""
    import dagster as dg

    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral
