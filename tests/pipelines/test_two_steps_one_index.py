"""Two steps on the embedded vector index at once: the second waits, says who holds it, and is tried again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Processed
from tests.fakes.catalogue import run
from vitrina.vectors import locking
from vitrina.vectors.edge import EdgeIndex

#: Another process inside of the index, until it is told to leave.
HOLD = """
import sys
from pathlib import Path
from vitrina.vectors.edge import EdgeIndex
with EdgeIndex(Path(sys.argv[1])).opened(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def leave(process: subprocess.Popen[str]) -> None:
    """The other step is done."""
    assert process.stdin is not None
    if not process.stdin.closed:
        process.stdin.close()
    process.wait(timeout=60)


@pytest.fixture
def holder(processed: Processed) -> Iterator[subprocess.Popen[str]]:
    from vitrina.config import get_settings
    from vitrina.vectors.models import VectorCollection
    from vitrina.vectors.services import open_index

    index = open_index(get_settings())
    assert isinstance(index, EdgeIndex)
    collection = VectorCollection.objects.get(alias="categories", is_active=True).index_name
    command = [sys.executable, "-c", HOLD, str(index._root), collection]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        leave(process)


def test_the_second_step_waits_says_who_holds_the_index_and_succeeds_when_it_is_free(
    processed: Processed, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.categories.models import Category
    from vitrina.vectors.models import StoredVector

    changed = Category.objects.order_by("-id").first()
    assert changed is not None
    Category.objects.filter(pk=changed.pk).update(name_en="Another name")
    monkeypatch.setattr(EdgeIndex.__init__, "__kwdefaults__", {"lock_timeout": 0.3})
    waits = locking._wait

    def wait(*arguments: Any) -> None:
        try:
            waits(*arguments)
        except locking.IndexBusy:
            leave(holder)
            raise

    monkeypatch.setattr(locking, "_wait", wait)
    result = run("reference_data", processed.instance, select=["category_vectors"])
    assert result.success
    [again] = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    told = str(again.event_specific_data)
    assert f"is in use by process {holder.pid}; waited 0.3 s" in told
    assert "set QDRANT_URL" in told
    assert not StoredVector.objects.filter(key=changed.slug, indexed=False).exists()
