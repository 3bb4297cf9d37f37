"""A run of pictures killed with -9 in the middle, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.fakes.image_server import ImageHost, picture
from vitrina.config import Settings
from vitrina.objects import FolderStore

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
from vitrina.project.setup import setup_django
setup_django()
from vitrina.catalog.models import Product
from vitrina.config import get_settings
from vitrina.images import running
from vitrina.images.service import refresh_pictures
from vitrina.objects import open_store

running._FLUSH_ROWS = 5
settings = get_settings().model_copy(
    update={
        "image_allow_hosts": sys.argv[1], "image_host_interval_seconds": 0.0, "image_workers": 1,
        "image_timeout_seconds": 600.0, "image_decode_seconds": 600.0,
    }
)
refresh_pictures(Product.objects.all(), open_store(settings), settings)
"""


def ended_alone() -> bool:
    """No other process has a connection to this test's database; waits for it."""
    from django.db import connection

    deadline = time.monotonic() + 120
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(others)
            if cursor.fetchone() == (0,):
                return True
        time.sleep(0.02)
    return False


def test_a_killed_run_is_completed_by_the_next_and_nothing_is_doubled(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Callable[..., int]
) -> None:
    from vitrina.catalog.models import Product
    from vitrina.images.models import Picture, PictureUrl
    from vitrina.images.service import refresh_pictures

    count = 40
    for number in range(count):  # some seconds are left for the kill after the first ten are there
        make_product([host.put(f"{number}.jpg", picture(number), seconds=0.5)])
    process = subprocess.Popen([sys.executable, "-c", RUN, host.host], cwd=ROOT, start_new_session=True)
    try:
        deadline = time.monotonic() + 240
        while Picture.objects.count() < 10:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        decoders = psutil.Process(process.pid).children()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(120)
    for answer in host.answers.values():
        answer.seconds = 0.0
    assert ended_alone(), "the server has heard of the end, and finished what it was told before"
    done = Picture.objects.count()
    assert done < count
    assert PictureUrl.objects.filter(state="stored").count() == done, "pictures and addresses are one transaction"
    result = refresh_pictures(Product.objects.all(), store, asking)
    assert result.states == {"stored": count - done}
    assert Picture.objects.count() == count
    assert len(list(store.list("products"))) == 4 * count, "what was put before the kill is put under the same keys"
    again = sum(host.asked.values()) - count
    assert again <= asking.image_concurrency + 2 + 5, "what was in flight, and what was not committed yet"
    assert decoders
    assert psutil.wait_procs(decoders, timeout=120)[1] == [], "decoders end with the run that started them"
