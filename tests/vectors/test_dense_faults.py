"""Killed syncs, and searches while others work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.vectors.embedding_server import Models, serving, stock, titles
from vitrina.config import Settings, get_settings
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import CATEGORIES, PRODUCTS

ROOT = Path(__file__).resolve().parents[2]
SYNC = """
import sys
from pathlib import Path
from vitrina.project.setup import setup_django
setup_django()
from vitrina.config import get_settings
from vitrina.vectors import pointers, services, sources
from vitrina.vectors.edge import EdgeIndex
services._BATCH = 50
if sys.argv[2] == "index":
    real = pointers.record
    seen = []
    def slow(row):
        seen.append(row)
        if len(seen) == 120:
            print("half", flush=True)
            sys.stdin.readline()
        return real(row)
    pointers.record = slow
sources.refresh("product_vectors", EdgeIndex(Path(sys.argv[1])), get_settings())
"""


def killed(folder: Path, where: str, half: threading.Event | None = None) -> None:
    """A sync in a process of its own, ended by ``kill -9`` when it is half done."""
    process = subprocess.Popen(
        [sys.executable, "-c", SYNC, str(folder), where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    if half is not None:
        assert half.wait(200)
    else:
        assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def endpoint(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    models = Models()
    with serving(models) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        monkeypatch.setenv("AI_EMBEDDING_MODEL", "small")
        get_settings.cache_clear()
        yield models


def test_a_sync_killed_between_two_batches_goes_on_where_it_was(endpoint: Models, tmp_path: Path) -> None:
    from vitrina.vectors.models import StoredVector
    from vitrina.vectors.pointers import active_collection
    from vitrina.vectors.sources import refresh

    stock(titles(300))
    half, dead = threading.Event(), threading.Event()

    def hold(texts: list[str]) -> None:
        if len(endpoint.texts) > 150:
            half.set()
            dead.wait(250)

    endpoint.before = hold
    killed(tmp_path / "index", "embedding", half)
    endpoint.before = lambda texts: None
    dead.set()
    kept = StoredVector.objects.count()
    assert 0 < kept < 300
    assert active_collection(PRODUCTS) is None
    result = refresh(PRODUCTS, EdgeIndex(tmp_path / "index"), get_settings())
    assert (result.unchanged, result.embedded, result.indexed, result.total) == (kept, 300 - kept, 300, 300)
    # Paid twice at most what was in flight: one batch of 50.
    assert len(endpoint.texts) <= 1 + 300 + 50
    assert EdgeIndex(tmp_path / "index").count(active_collection(PRODUCTS).index_name) == 300


def test_a_sync_killed_while_it_fills_the_index_leaves_searches_and_the_next_one_whole(
    endpoint: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.vectors.pointers import active_collection
    from vitrina.vectors.searching import nearest
    from vitrina.vectors.sources import refresh

    index = EdgeIndex(tmp_path / "index", lock_timeout=60)
    stock(titles(300))
    before = refresh(PRODUCTS, index, get_settings())
    monkeypatch.setenv("AI_EMBEDDING_MODEL", "large")
    get_settings.cache_clear()
    killed(tmp_path / "index", "index")
    assert active_collection(PRODUCTS).physical == before.physical
    assert len(nearest(PRODUCTS, ["модель цвет"], index, k=400)[0]) == 300
    asked = len(endpoint.texts)
    after = refresh(PRODUCTS, index, get_settings())
    assert (after.embedded, after.indexed) == (0, 300)
    assert len(endpoint.texts) == asked
    assert active_collection(PRODUCTS).physical == after.physical != before.physical
    assert len(nearest(PRODUCTS, ["модель цвет"], index, k=400)[0]) == 300


def test_the_index_is_free_while_an_embedder_is_asked(endpoint: Models, tmp_path: Path) -> None:
    from django.db import connection

    from vitrina.vectors.searching import nearest
    from vitrina.vectors.sources import refresh

    index = EdgeIndex(tmp_path / "index", lock_timeout=1)
    stock(titles(60), "one")
    refresh(PRODUCTS, index, get_settings())
    stock(["Носки шерстяные"], "two")
    asked, answer = threading.Event(), threading.Event()

    def hold(texts: list[str]) -> None:
        if texts == ["Носки шерстяные"]:
            asked.set()
            answer.wait(200)

    def work() -> None:
        refresh(PRODUCTS, EdgeIndex(tmp_path / "index", lock_timeout=1), get_settings())
        connection.close()

    endpoint.before = hold
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert asked.wait(120)
        assert len(nearest(PRODUCTS, ["Платье летнее модель"], index, k=100)[0]) == 60
    finally:
        answer.set()
        thread.join()
    assert index.count(index.collections()[0]) == 61


def test_the_index_is_free_while_the_category_question_is_with_the_model(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    from vitrina.catalog.processing import Tools, categorise_products
    from vitrina.categories.models import ProductCategory
    from vitrina.categories.services import sync_tree
    from vitrina.categories.tree_file import read_tree
    from vitrina.llm.service import wiring
    from vitrina.llm.wiring import open_gateway
    from vitrina.objects import open_store
    from vitrina.vectors.searching import nearest
    from vitrina.vectors.sources import refresh

    sync_tree(read_tree(ROOT / "samples" / "categories.yaml"))
    refresh(CATEGORIES, EdgeIndex(tmp_path / "index"), settings)
    ids = stock(["Сироп от кашля с плющом 100 мл"])
    asked, answer = threading.Event(), threading.Event()
    skill = wiring.SKILLS["product_category"]

    def thinking(request: dict) -> str:
        asked.set()
        answer.wait(200)
        return skill(request)

    monkeypatch.setitem(wiring.SKILLS, "product_category", thinking)

    def work() -> None:
        index = EdgeIndex(tmp_path / "index", lock_timeout=1)
        with open_gateway(settings) as gateway:
            categorise_products(ids, Tools(settings, open_store(settings), index, gateway))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert asked.wait(120)
        hits = nearest(CATEGORIES, ["сироп от кашля"], EdgeIndex(tmp_path / "index", lock_timeout=1))
        assert hits[0]
    finally:
        answer.set()
        thread.join()
    assert ProductCategory.objects.get().product_id == ids[0]
