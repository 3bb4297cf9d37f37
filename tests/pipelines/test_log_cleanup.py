"""The daily clean-up as a job: old log entries and unfinished files go, the rest stays."""

from __future__ import annotations

import os

import dagster as dg
import pytest

from tests.fakes.catalogue import put, run
from vitrina.config import get_settings

pytestmark = pytest.mark.usefixtures("database")


def test_the_clean_up_removes_what_killed_writers_left(instance: dg.DagsterInstance) -> None:
    kept = get_settings().objects_folder / put("drops/shop/a.csv", b"id,title\n1,x\n")
    left = kept.with_name(".writing-x.part")
    left.write_bytes(b"half")
    for path in (kept, left):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert run("log_cleanup", instance).success
    assert (kept.exists(), left.exists()) == (True, False)
    assert run("log_cleanup", instance).success
