"""What only the embedded index has: one opener, files, kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as qe

from vitrina.errors import RetryableError
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import VectorIndexError, VectorPoint

NAME = "test__edge"

HOLD = """
import sys, time
from pathlib import Path
import numpy as np
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import VectorPoint
index = EdgeIndex(Path(sys.argv[1]))
with index.opened("test__edge"):
    index.upsert("test__edge", [VectorPoint(f"k{n}", np.ones(2, np.float32)) for n in range(1200)])
    sys.stdout.write("held\\n"); sys.stdout.flush()
    time.sleep(600)
"""


WRITE = """
import sys, time
from pathlib import Path
import numpy as np
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import VectorPoint

def points():
    for n in range(100_000):
        if n == 1_100:
            sys.stdout.write("writing\\n"); sys.stdout.flush()
            time.sleep(600)
        yield VectorPoint(f"k{n}", np.ones(2, np.float32))

EdgeIndex(Path(sys.argv[1])).upsert("test__edge", points())
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    index = EdgeIndex(tmp_path / "index")
    index.ensure(NAME, dense_dim=2, sparse=False)
    index.upsert(NAME, [VectorPoint("first", np.ones(2, np.float32))])
    return tmp_path / "index"


def test_a_second_process_waits_then_says_who_holds_it_and_kill_9_frees_it(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(RetryableError, match=f"process {holder.pid}"):
                EdgeIndex(root, lock_timeout=0.2).count(NAME)
        finally:
            os.kill(holder.pid, signal.SIGKILL)
    assert EdgeIndex(root, lock_timeout=120).count(NAME) == 1201


def test_killed_in_the_middle_of_a_load_whole_batches_stand_and_the_load_can_be_repeated(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITE, str(root)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        os.kill(writer.pid, signal.SIGKILL)
    index = EdgeIndex(root, lock_timeout=120)
    assert index.count(NAME) == 1001
    index.upsert(NAME, [VectorPoint(f"k{n}", np.ones(2, np.float32)) for n in range(1200)])
    assert index.count(NAME) == 1201


def test_threads_take_turns(root: Path) -> None:
    index = EdgeIndex(root, lock_timeout=120)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            index.upsert(NAME, [VectorPoint(f"t{number}-{n}", np.ones(2, np.float32)) for n in range(20)])
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.count(NAME) == 121


def test_an_opener_that_ignores_the_lock_is_reported_as_busy(root: Path) -> None:
    rude = qe.EdgeShard.load(str(root / NAME / "shard"))
    try:
        with pytest.raises(RetryableError, match="does not keep the lock"):
            EdgeIndex(root).count(NAME)
    finally:
        rude.close()


def test_what_a_killed_creation_left_is_made_anew(root: Path) -> None:
    (root / NAME / "vitrina.json").unlink()
    index = EdgeIndex(root)
    assert not index.exists(NAME)
    index.ensure(NAME, dense_dim=2, sparse=False)
    assert index.count(NAME) == 0


def test_a_damaged_shard_asks_for_a_rebuild(root: Path) -> None:
    (root / NAME / "shard" / "edge_config.json").write_text("{")
    with pytest.raises(VectorIndexError, match="rebuild"):
        EdgeIndex(root).count(NAME)


def test_dropping_what_this_thread_holds_open_is_refused(root: Path) -> None:
    index = EdgeIndex(root)
    with index.opened(NAME), pytest.raises(VectorIndexError, match="open in this thread"):
        index.drop(NAME)
    assert index.count(NAME) == 1


def test_points_are_the_same_after_optimize(root: Path) -> None:
    index = EdgeIndex(root)
    index.upsert(NAME, [VectorPoint(f"k{n}", np.array([n, 1], np.float32)) for n in range(50)])
    index.optimize(NAME)
    assert index.count(NAME) == 51
