"""Indexes, and a server of embedding models that settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vectors.dense.searching import PRICES
from tests.vectors.embedding_server import Models, serving
from vitrina.config import Settings, get_settings
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import VectorIndex
from vitrina.vectors.qdrant import QdrantIndex


@pytest.fixture(params=["edge", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    built: VectorIndex = EdgeIndex(tmp_path / "index") if request.param == "edge" else QdrantIndex(":memory:")
    yield built
    built.close()


@pytest.fixture
def edge(tmp_path: Path) -> EdgeIndex:
    return EdgeIndex(tmp_path / "index", lock_timeout=60)


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def configure(
    models: Models, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str | None], Settings]]:
    """Settings that name a model of the endpoint, or none."""
    (tmp_path / "prices.yaml").write_text(PRICES)
    with serving(models) as address:

        def name(model: str | None) -> Settings:
            monkeypatch.setenv("OPENAI_BASE_URL", address if model else "")
            monkeypatch.setenv("AI_EMBEDDING_MODEL", model or "")
            monkeypatch.setenv("AI_PRICES_FILE", str(tmp_path / "prices.yaml"))
            get_settings.cache_clear()
            return get_settings()

        yield name
