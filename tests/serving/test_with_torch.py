"""A transformer and a policy behind the process, with the libraries that they need; the parent never imports them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.preferences.test_pairing import goods
from tests.serving.conftest import served as served
from tests.serving.make_transformer import PROMPTS, TEXTS
from tests.training.conftest import torch_is_here as torch_is_here
from vitrina.catalog.models import Product
from vitrina.catalog.processing import Tools, card_products
from vitrina.config import Settings
from vitrina.llm.models import LlmAttempt
from vitrina.llm.wiring import open_gateway
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import FolderStore
from vitrina.preferences.champion import find_scorer
from vitrina.preferences.models import Candidate, Choice, ProductCard
from vitrina.preferences.policy import find_policy

PASSED = [{"name": "gate", "passed": True, "measured": 1, "needed": "more"}]


@pytest.fixture
def tools(settings: Settings, home: Path, served: Settings) -> Iterator[Tools]:
    settings.vitrina_home = home
    with open_gateway(settings, run_id="test") as gateway:
        yield Tools(settings, FolderStore(home / "objects"), None, gateway, "run")  # type: ignore[arg-type]


def promoted(store: Any, folder: Path, role: Any) -> RegisteredModel:
    row = services.register(store, folder, role, report={}, rules=PASSED)
    services.promote(row, by=services.GATE)
    return row


def test_a_promoted_policy_writes_beside_the_others_and_never_alone(
    torch_is_here: None, tools: Tools, linear: Path, tmp_path: Path
) -> None:
    before = "torch" in sys.modules
    making = "import sys; from pathlib import Path; from tests.policy.conftest import random_writer; "
    making += "random_writer(Path(sys.argv[1]), kind='policy')"
    subprocess.run([sys.executable, "-c", making, str(tmp_path / "policy")], check=True, stderr=subprocess.DEVNULL)
    goods(4)
    row = promoted(tools.store, tmp_path / "policy", RegisteredModel.Role.POLICY)
    assert find_policy(tools.store, tools.settings, "description").writer is None
    ids = list(Product.objects.values_list("pk", flat=True))
    alone = card_products(ids, tools)
    assert "no reward model could choose" in alone.tally.notes["policy"]
    assert alone.texts.asked == 4
    promoted(tools.store, linear, RegisteredModel.Role.REWARD)
    tools.settings.best_of = 2
    made = card_products(ids, tools, refresh=True)
    writer = f"policy-{row.model_id[:8]}"
    # The model is untrained: most of what it writes has no end, and none of it is fit to be shown.
    written = Candidate.objects.filter(writer=writer).count()
    assert (made.made, made.texts.asked, written + sum(made.texts.failed.values())) == (4, 12, 8)
    assert made.texts.cost_usd == 0
    assert made.tally.unfit[writer] == written
    assert {card.writer for card in ProductCard.objects.all()} <= {"embedded", "embedded-variant"}
    assert Choice.objects.count() == 4
    assert LlmAttempt.objects.filter(model__startswith="policy/").exists()
    assert ("torch" in sys.modules) is before, "the models are in the other process"
    assert card_products(ids, tools, refresh=True).wanted == 0


def test_a_transformer_chooses_by_the_scores_that_it_has_in_its_own_process(
    torch_is_here: None, tools: Tools, tmp_path: Path
) -> None:
    before = "torch" in sys.modules
    making = [sys.executable, "-m", "tests.serving.make_transformer", str(tmp_path / "made" / "model")]
    subprocess.run(making, check=True, stderr=subprocess.DEVNULL)
    expected = json.loads((tmp_path / "made" / "scores.json").read_text(encoding="utf-8"))
    promoted(tools.store, tmp_path / "made" / "model", RegisteredModel.Role.REWARD)
    scorer = find_scorer(tools.store, tools.settings, "card")
    assert scorer is not None
    assert scorer.scores(PROMPTS, TEXTS) == pytest.approx(expected, abs=1e-5)
    assert len(set(expected)) > 1
    first, second = scorer.margins([("Опиши", TEXTS[0], TEXTS[1]), ("Опиши", TEXTS[1], TEXTS[0])])
    assert first == pytest.approx(-second)
    goods(3)
    tools.settings.best_of = 3
    made = card_products(list(Product.objects.values_list("pk", flat=True)), tools)
    assert len(made.tally.uplifts) == 3
    assert {choice.scorer_kind for choice in Choice.objects.all()} == {"transformer"}
    assert ("torch" in sys.modules) is before, "the model is in the other process"
