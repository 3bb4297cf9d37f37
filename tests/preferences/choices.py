"""Products that best of n chooses texts for, and a reward model that can be told to fail.

What belongs here: what tests of best of n share, fixtures too. What stays out: pairs, trained policies (``conftest``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from tests.preferences.test_pairing import goods
from vitrina.catalog.models import Product
from vitrina.catalog.processing import Tools
from vitrina.config import Settings
from vitrina.content.models import ContentVersion
from vitrina.llm.gateway import Gateway
from vitrina.llm.models import LlmAttempt
from vitrina.llm.wiring import open_gateway
from vitrina.objects import open_store
from vitrina.preferences import champion
from vitrina.preferences.champion import Found
from vitrina.preferences.models import Candidate, Choice, ProductCard, ScoredCandidate


@dataclass
class Longest:
    """A reward model that likes length; it can be told to fail, or to give nonsense."""

    model_id: str = "f" * 64
    kind: str = "linear"
    fails: bool = False
    nonsense: bool = False
    asked: list[int] = field(default_factory=list)

    def scores(self, prompts: Sequence[str], texts: Sequence[str]) -> list[float]:
        assert len(prompts) == len(texts)
        self.asked.append(len(texts))
        if self.fails:
            raise OSError("it is gone")
        return [float("nan") if self.nonsense else float(len(text)) for text in texts]


@pytest.fixture
def gateway(database: str) -> Iterator[Gateway]:
    with open_gateway(run_id="test") as opened:
        yield opened


class Index:
    """No vectors: no template is shown."""


@pytest.fixture
def tools(settings: Settings, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Tools:
    monkeypatch.setattr("vitrina.content.examples.nearest_examples", lambda *_: {})
    goods(6)
    return Tools(settings, open_store(settings), Index(), gateway, "run")  # type: ignore[arg-type]


def judge(monkeypatch: pytest.MonkeyPatch, scorer: Longest | None) -> None:
    monkeypatch.setattr(champion, "champion_or_why", lambda *_: Found(scorer, "told"))  # type: ignore[arg-type]


def ids() -> list[int]:
    return list(Product.objects.order_by("pk").values_list("pk", flat=True))


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Candidate, Choice, ScoredCandidate, ProductCard, LlmAttempt))


def marks() -> dict[int, tuple[int, str, str]]:
    """Product → number, text and mark of its newest version."""
    rows = ContentVersion.objects.order_by("number").values_list("product", "number", "text_hash", "fingerprint")
    return {product: (number, text, mark) for product, number, text, mark in rows}
