"""Vectors of the embedded service: fits by their id, in process and over HTTP; what its answers are kept under."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from tests.llm.conftest import FAST
from vitrina.config import Settings, get_settings
from vitrina.llm.config import GatewayConfig
from vitrina.llm.embeddings import EmbeddingError
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import Outcome
from vitrina.llm.service import wiring
from vitrina.objects import open_store
from vitrina.vectors.embedders import LsaEmbedder
from vitrina.vectors.fits import load_fit, save_fit

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [f"{kind} модель {n}" for n in range(30) for kind in ("платье", "шампунь", "сироп")]


@pytest.fixture
def fit(settings: Settings) -> LsaEmbedder:
    """A fit in the store that the database calls active."""
    from vitrina.vectors.models import DenseModel

    made = LsaEmbedder.fit(TEXTS, dim=16)
    save_fit(open_store(settings), made)
    DenseModel.objects.create(embedder_id=made.id, endpoint="embedded", model="lsa", dim=made.dim, is_active=True)
    return made


def embed(gateway: Gateway, model: str) -> np.ndarray:
    return np.asarray([row for batch in gateway.embed(TEXTS, model=model) for row in batch.vectors], dtype=np.float32)


def test_a_fit_is_served_by_its_id_and_the_active_one_by_a_name(fit: LsaEmbedder) -> None:
    with Gateway(GatewayConfig(retry=FAST, embedding_batch=40), MemoryLedger()) as gateway:
        assert np.array_equal(embed(gateway, fit.id), fit.embed(TEXTS))
        batch = next(gateway.embed(["платье"], model=wiring.ACTIVE_EMBEDDER))
        assert batch.model == fit.id
        rows = gateway.ledger.attempts  # type: ignore[attr-defined]
    assert [(row.kind, row.cost_usd, row.reply_body) for row in rows] == [("embedding", 0, None)] * 4


@pytest.mark.parametrize("name", ["lsa16-v1-000000000000", "gpt", "../../../etc/passwd", "lsa16-v1-00/../x", ""])
def test_an_embedder_that_is_not_there_is_refused_at_once(settings: Settings, name: str) -> None:
    with Gateway(GatewayConfig(embedding_model=name or "x", retry=FAST), MemoryLedger()) as gateway:
        with pytest.raises(EmbeddingError, match="no embedder") as error:
            list(gateway.embed(["платье"]))
        assert error.value.outcome is Outcome.PERMANENT


def test_another_number_of_dimensions_is_refused_in_words(fit: LsaEmbedder) -> None:
    from starlette.testclient import TestClient

    asking = TestClient(wiring.build_app())
    sent = {"model": fit.id, "input": ["платье"]}
    for dimensions, status in ((16, 200), (8, 400), ("16", 400)):
        reply = asking.post("/v1/embeddings", json={**sent, "dimensions": dimensions})
        assert reply.status_code == status
    assert "dimensions" in asking.post("/v1/embeddings", json={**sent, "dimensions": 8}).json()["error"]["message"]


def test_a_damaged_fit_fails_without_being_tried_again(settings: Settings, fit: LsaEmbedder) -> None:
    from vitrina.vectors import fits

    fits._loaded.clear()
    open_store(settings).put(f"{fits.PREFIX}{fit.id}.npz", b"not a fit")
    with Gateway(GatewayConfig(retry=FAST), MemoryLedger()) as gateway:
        with pytest.raises(EmbeddingError):
            embed(gateway, fit.id)
        assert len(gateway.ledger.attempts) <= 3  # type: ignore[attr-defined]


def test_a_fit_is_loaded_once(settings: Settings, fit: LsaEmbedder) -> None:
    store = open_store(settings)
    assert load_fit(store, fit.id) is load_fit(store, fit.id)
    assert load_fit(store, "lsa16-v1-ffffffffffff") is None


def test_the_service_of_its_own_gives_the_same_vectors_over_http(fit: LsaEmbedder) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vitrina.llm.service", "--port", "0"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "running on" in line)
            address = re.search(r"http://[\d.]+:\d+", line)
            assert address is not None
            with urllib.request.urlopen(f"{address[0]}/v1/models", timeout=120) as reply:
                names = [row["id"] for row in json.load(reply)["data"]]
            assert names == ["vitrina-offline", wiring.ACTIVE_EMBEDDER, fit.id]
            with Gateway(GatewayConfig(base_url=f"{address[0]}/v1", retry=FAST), MemoryLedger()) as gateway:
                assert np.array_equal(embed(gateway, fit.id), fit.embed(TEXTS))
                assert np.array_equal(embed(gateway, wiring.ACTIVE_EMBEDDER), fit.embed(TEXTS))
        finally:
            process.terminate()


def test_a_changed_lexicon_or_skill_gets_new_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vitrina.categories import offline

    scopes = {wiring.cache_scope(), wiring.cache_scope()}
    assert len(scopes) == 1
    words = tmp_path / "words.yaml"
    for text in ("kind: color\nentries: {}\n", "kind: color\nentries: {sky: {ru: небесный}}\n"):
        words.write_text(text, encoding="utf-8")
        monkeypatch.setenv("VITRINA_LEXICON", str(words))
        get_settings.cache_clear()
        scopes.add(wiring.cache_scope())
    monkeypatch.setattr(offline, "VERSION", 1000)
    scopes.add(wiring.cache_scope())
    get_settings.cache_clear()
    assert len(scopes) == 4
