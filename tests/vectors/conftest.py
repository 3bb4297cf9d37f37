"""The back ends that the contract cases run on."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import VectorIndex
from vitrina.vectors.qdrant import QdrantIndex


@pytest.fixture(params=["edge", "memory", "server"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    built: VectorIndex
    if request.param == "edge":
        built = EdgeIndex(tmp_path / "index", lock_timeout=60)
    elif request.param == "memory":
        built = QdrantIndex(":memory:")
    else:
        url = os.environ.get("VITRINA_TEST_QDRANT_URL")
        if not url:
            pytest.skip("VITRINA_TEST_QDRANT_URL names no Qdrant server")
        built = QdrantIndex(url, api_key=os.environ.get("VITRINA_TEST_QDRANT_API_KEY"))
    yield built
    built.close()


@pytest.fixture
def name(index: VectorIndex) -> Iterator[str]:
    """A collection name of this test alone, dropped at its end."""
    collection = f"test__{uuid.uuid4().hex[:12]}"
    yield collection
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        index.drop(collection)
