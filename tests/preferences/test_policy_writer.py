"""A promoted policy as a writer: of pairs at the desk, of cards, and of nothing else. The policy here is planted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.preferences.choices import Longest, ids, judge
from tests.preferences.conftest import served_here
from tests.preferences.test_pairing import goods
from vitrina.catalog.processing import Tools, card_products
from vitrina.config import Settings
from vitrina.llm.config import GatewayConfig, RetryPolicy
from vitrina.llm.gateway import Gateway
from vitrina.llm.transport import TransportError
from vitrina.llm.wiring import open_gateway
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import FolderStore
from vitrina.preferences import policy
from vitrina.preferences.models import Candidate, PairOrigin, ProductCard
from vitrina.preferences.pairing import make_pairs
from vitrina.reward.storage import write_manifest

PASSED = [{"name": "gate", "passed": True, "measured": 1, "needed": "more"}]


@dataclass
class Line:
    text: str
    ended: bool = True


class Parrot:
    """Says its prompt's facts: true, long enough, and not as the embedded writer says them."""

    lies = False
    #: With these seeds it says no untrue value, however much it makes up with all others.
    honest: frozenset[int] = frozenset()

    def write(self, prompts: Sequence[str], *, seed: int = 0, **_: Any) -> list[list[Line]]:
        found = []
        for prompt in prompts:
            facts = " ".join(line.partition(": ")[2] for line in prompt.splitlines()[1:])
            more = " Вес 999 кг." if self.lies and seed not in self.honest else ""
            found.append([Line(f"{facts}. Вот что известно о товаре: {facts}.{more} {'!' * seed}"[:380])])
        return found


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def tools(
    settings: Settings, tmp_path: Path, parrot: Parrot, database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tools]:
    """A promoted policy whose process is this one."""
    folder = tmp_path / "policy"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "weights").write_bytes(b"0")
    write_manifest(folder, {"kind": "policy", "contract": "card"})
    store = FolderStore(tmp_path / "objects")
    services.promote(
        services.register(store, folder, RegisteredModel.Role.POLICY, report={}, rules=PASSED), by=services.GATE
    )
    served_here(settings, database, monkeypatch, lambda _: parrot)
    goods(8)
    with open_gateway(run_id="test") as gateway:
        yield Tools(settings, store, None, gateway, "run")  # type: ignore[arg-type]


def name() -> str:
    return f"policy-{RegisteredModel.objects.get(role='policy').model_id[:8]}"


def test_it_writes_beside_the_others_and_the_reward_model_chooses(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(monkeypatch, None)
    assert card_products(ids(), tools).texts.asked == 8, "where nothing can choose, the policy is not asked"
    judge(monkeypatch, Longest())
    tools.settings.best_of = 2
    made = card_products(ids(), tools, refresh=True)
    assert made.tally.offered == {"embedded": 8, "embedded-variant": 8, name(): 16}
    assert made.tally.chosen[name()] > 0
    assert made.texts.cost_usd == 0
    own = Candidate.objects.filter(writer=name())
    assert set(own.values_list("seed", "sample")) == {(1, 0), (2, 1)}
    [model_id] = RegisteredModel.objects.filter(role="policy").values_list("model_id", flat=True)
    assert set(own.values_list("trained_model", flat=True)) == {model_id}
    assert set(Candidate.objects.exclude(writer=name()).values_list("trained_model", flat=True)) == {""}
    before = Candidate.objects.count()
    assert card_products(ids(), tools, refresh=True).wanted == 0
    assert Candidate.objects.count() == before


def test_what_it_makes_up_is_never_shown_however_much_the_model_likes_it(
    tools: Tools, parrot: Parrot, monkeypatch: pytest.MonkeyPatch
) -> None:
    parrot.lies = True
    judge(monkeypatch, Longest())
    made = card_products(ids(), tools)
    assert made.tally.unfit[name()] == 8
    assert set(ProductCard.objects.values_list("writer", "fit")) == {("embedded", True)}


@pytest.mark.parametrize(("honest", "unfit", "chosen"), [({1}, 32, False), ({1, 2}, 16, True)])
def test_of_a_policy_that_mostly_makes_things_up_nothing_is_believed(
    tools: Tools, parrot: Parrot, monkeypatch: pytest.MonkeyPatch, honest: set[int], unfit: int, chosen: bool
) -> None:
    """The check of facts does not read every kind of statement: what passes by luck is no better than the rest."""
    tools.settings.best_of = 4
    parrot.lies, parrot.honest = True, frozenset(honest)
    judge(monkeypatch, Longest())
    made = card_products(ids(), tools)
    assert (made.tally.unfit[name()], made.tally.chosen[name()] > 0) == (unfit, chosen)


def test_a_policy_whose_process_is_gone_stops_nothing(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        async def post(self, path: str, body: bytes) -> Any:
            raise TransportError("it does not start", name="serve-models", sent=False)

        async def close(self) -> None: ...

    def served(settings: Settings, model: str, *, run_id: str = "") -> Gateway:
        retry = RetryPolicy(max_attempts=1, outage_patience_s=1)
        config = GatewayConfig(model=model, cache_scope="serve-models/1", retry=retry)
        return Gateway(config, tools.gateway.ledger, transport=lambda _: Gone())

    monkeypatch.setattr("vitrina.serving.gateway.served_gateway", served)
    judge(monkeypatch, Longest())
    made = card_products(ids(), tools)
    assert (made.made, made.missing, made.texts.failed) == (8, 0, {"transport": 8})
    assert "it does not start" in made.texts.why["transport"]


def test_at_the_desk_it_meets_the_others_as_often_as_they_meet_each_other(tools: Tools) -> None:
    found = policy.find_policy(tools.store, tools.settings, "card")
    assert found.writer is not None
    with policy.policy_gateway(tools.settings, found.writer) as served:
        result = make_pairs(tools.settings, tools.gateway, policy=found.writer, served=served, count=8)
    assert result.pairs + sum(result.left_out.values()) == 8
    assert result.writers[name()] > 0
    for origin in PairOrigin.objects.select_related("candidate_a", "candidate_b", "pair"):
        assert name() not in str([origin.pair.prompt, origin.pair.facts, origin.pair.measures])
        assert origin.candidate_a.writer != origin.candidate_b.writer


def test_texts_of_earlier_days_are_told_apart_by_their_writers_names(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import import_module

    from django.apps import apps

    judge(monkeypatch, Longest())
    card_products(ids(), tools)
    wanted = dict(Candidate.objects.values_list("pk", "trained_model"))
    assert len(set(wanted.values())) == 2
    Candidate.objects.update(trained_model="")
    alike = Candidate.objects.filter(writer="embedded").first()
    assert alike is not None
    Candidate.objects.filter(pk=alike.pk).update(writer="policy-of-returns")
    migration = import_module("vitrina.preferences.migrations.0003_candidates_of_trained_models")
    migration.by_their_names(apps, None)
    assert dict(Candidate.objects.values_list("pk", "trained_model")) == wanted
