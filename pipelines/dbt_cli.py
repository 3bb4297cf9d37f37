"""The dbt command line as the code location runs it: nobody outside is asked, and what was parsed once is remembered.

Belongs here: how dbt is started. Stays out: which models there are, and when they run (``pipelines.insight``).
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path

from dagster_dbt import DbtCliResource
from packaging.version import Version

PARSED = "partial_parse.msgpack"


class InstalledDbt(DbtCliResource):
    """dbt of this environment. Its version is read from what is installed.

    Source: the base class asks ``dbt --version``, which takes two seconds of processor and asks the package index
    whether there is a newer one.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(installed("dbt-core"))


def dbt_executable() -> str:
    """dbt of this very environment, whether or not it is activated."""
    beside = Path(sys.executable).parent / "dbt"
    return str(beside) if beside.is_file() else "dbt"


@contextmanager
def target_folder(home: Path) -> Iterator[Path]:
    """A folder of a run's own, which begins with what the last run of this platform parsed and hands its own on.

    Runs side by side share no state, and nothing piles up in the project. What the set-up parsed does not serve for
    long: dbt believes a parse only with the same connection, and parsing takes two seconds of processor.

    Args:
        home: The platform's folder.
    """
    kept = home / "dbt" / PARSED
    with tempfile.TemporaryDirectory(prefix="vitrina-dbt-") as name:
        target = Path(name)
        if kept.is_file():
            shutil.copy(kept, target / PARSED)
        yield target
        if (target / PARSED).is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            beside = kept.with_name(f"{PARSED}.{os.getpid()}")
            shutil.copy(target / PARSED, beside)
            beside.replace(kept)
