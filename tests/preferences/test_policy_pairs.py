"""A policy against its SFT model at the desk: pairs for held-out products, votes by version, the gate at promotion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from typer.testing import CliRunner

from tests.policy.folders import policy_folder, sft_folder
from tests.policy.planted import better
from tests.preferences.people import person, vote
from tests.preferences.test_pairing import goods
from tests.preferences.test_policy_writer import Line
from vitrina.catalog.models import Product
from vitrina.cli.main import app
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.models import LlmAttempt
from vitrina.models_registry import desk_votes, policies, services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore, open_store
from vitrina.policy import gates
from vitrina.preferences import policy
from vitrina.preferences.candidates import facts_of
from vitrina.preferences.contracts import prompt_text
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.models import Candidate, PairOrigin, SplitSide
from vitrina.preferences.policy_pairs import make_policy_pairs
from vitrina.review.batches import add_pairs
from vitrina.review.models import Batch, Decision, ResponsePair, ReviewItem
from vitrina.review.results import PairDraft
from vitrina.serving.app import ServedModels
from vitrina.serving.shelf import Shelf
from vitrina.statistics.intervals import Interval

TOKEN = "token"
FEW = 8


@dataclass
class Speaker:
    """Says its prompt's facts: the policy in their order, the SFT model from the last to the first."""

    backwards: bool

    def write(self, prompts: Sequence[str], **_: Any) -> list[list[Line]]:
        found = []
        for prompt in prompts:
            facts = [line.partition(": ")[2] for line in prompt.splitlines()[1:]]
            facts = facts[::-1] if self.backwards else facts
            opening = "Что говорят о товаре" if self.backwards else "Что известно о товаре"
            found.append([Line(f"{opening}: {'. '.join(facts)}. Ещё раз о том же: {', '.join(facts)}."[:380])])
        return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An SFT model, and a sound policy that came from it."""
    folder = tmp_path_factory.mktemp("folders")
    sft = sft_folder(folder / "sft")
    start = json.loads((sft / "manifest.json").read_text(encoding="utf-8"))["model_id"]
    return sft, policy_folder(folder / "policy", better, sft_model_id=start)


@pytest.fixture
def store(settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The process of trained models is this one."""
    models = settings.vitrina_home / "training" / "models"
    kinds = {"sft": Speaker(backwards=True), "policy": Speaker(backwards=False)}

    def opened(folder: Path) -> Speaker:
        return kinds[json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["kind"]]

    served_app = ServedModels(Shelf(models, open_writer=opened), token=TOKEN).app

    async def with_token(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"].append((b"authorization", f"Bearer {TOKEN}".encode()))
        await served_app(scope, receive, send)

    def served(settings: Settings, model: str, *, run_id: str = "") -> Gateway:
        config = GatewayConfig(model=model, cache_scope="serve-models/1", run_id=run_id)
        return Gateway(config, PostgresLedger(database), service=with_token)

    monkeypatch.setattr("vitrina.serving.gateway.served_gateway", served)
    monkeypatch.setattr(policy, "find_spec", lambda _: object())
    return open_store(settings)


def registered(store: ObjectStore, folders: tuple[Path, Path]) -> RegisteredModel:
    """Both models, the policy as a candidate."""
    policies.take(store, folders[0], dataset_version="v1", run_id="", promote=True)
    row, _ = policies.take(store, folders[1], dataset_version="v1", run_id="", promote=False)
    return row


@pytest.fixture
def candidate(store: ObjectStore, folders: tuple[Path, Path]) -> RegisteredModel:
    """A policy that the gate's other rules let through."""
    return registered(store, folders)


def ids() -> list[int]:
    return list(Product.objects.order_by("pk").values_list("pk", flat=True))


def answer(candidate: RegisteredModel, *, policy_wins: bool) -> Any:
    """The side of the policy's text, or of the other one."""
    firsts = dict(PairOrigin.objects.values_list("pair", "candidate_a__writer"))
    name = f"policy-{candidate.model_id[:8]}"
    return lambda pair: "A" if (firsts[pair.pk] == name) is policy_wins else "B"


def let_pass() -> None:
    """The time for undoing is over."""
    Decision.objects.update(created_at=F("created_at") - timedelta(seconds=120))


def made(settings: Settings, store: ObjectStore, candidate: RegisteredModel, count: int) -> Batch:
    goods(count)
    result = make_policy_pairs(settings, store, candidate, products=count).result
    assert result.pairs == count
    return Batch.objects.get()


# -- pairs ------------------------------------------------------------------------------------------------------


def test_the_two_texts_meet_as_anonymously_as_any_and_a_second_call_asks_for_nothing(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel
) -> None:
    goods(FEW + 2)
    first = make_policy_pairs(settings, store, candidate, products=FEW)
    assert (first.result.pairs, first.result.texts.written, first.standing) == (FEW, 2 * FEW, 0)
    assert (Batch.objects.get().name, Batch.objects.get().overlap) == ("check-card-ru-1", settings.pair_overlap)
    names = {f"policy-{candidate.model_id[:8]}", f"sft-{candidate.manifest['sft_model_id'][:8]}"}
    origins = list(PairOrigin.objects.select_related("candidate_a", "candidate_b", "pair"))
    for origin in origins:
        assert {origin.candidate_a.writer, origin.candidate_b.writer} == names
        assert not any(name in str([origin.pair.prompt, origin.pair.facts, origin.pair.measures]) for name in names)
    assert 0 < sum(o.candidate_a.writer.startswith("policy") for o in origins) < FEW, "neither writer is always A"

    before = (PairOrigin.objects.count(), Candidate.objects.count(), LlmAttempt.objects.count())
    again = make_policy_pairs(settings, store, candidate, products=FEW)
    assert (again.result.pairs, again.standing) == (0, FEW)
    assert (PairOrigin.objects.count(), Candidate.objects.count(), LlmAttempt.objects.count()) == before
    more = make_policy_pairs(settings, store, candidate, products=FEW + 1)
    assert (more.result.pairs, more.standing) == (1, FEW)


def test_only_products_that_neither_model_learned_on_are_taken_and_those_kept_for_tests_first(
    settings: Settings, store: ObjectStore, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    goods(8)
    by_sft, by_policy, on_train, on_validation, on_test, *_ = ids()
    groups = {pk: prompt_group(prompt_text(one, "card")) for pk, one in facts_of(ids(), "ru").items()}
    sft = sft_folder(tmp_path / "sft", groups={groups[by_sft]: "train"}, weights=b"learned")
    start = json.loads((sft / "manifest.json").read_text(encoding="utf-8"))["model_id"]
    seen = {groups[by_policy]: "train", groups[on_test]: "held_out"}
    trained = policy_folder(tmp_path / "policy", better, weights=b"of it", groups=seen, sft_model_id=start)
    row = registered(store, (sft, trained))
    for pk, side in ((on_train, "train"), (on_validation, "validation"), (on_test, "test")):
        SplitSide.objects.create(key=f"product:{pk}", side=side)
    assert make_policy_pairs(settings, store, row, products=1).result.pairs == 1
    assert [origin.pair.product_id for origin in PairOrigin.objects.select_related("pair")] == [on_test]
    make_policy_pairs(settings, store, row, products=8)
    taken = set(PairOrigin.objects.values_list("pair__product", flat=True))
    assert taken == set(ids()) - {by_sft, by_policy, on_train, on_validation}


def test_what_cannot_be_compared_is_said(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PermanentError, match="No product is held out"):
        make_policy_pairs(settings, store, candidate, products=3)
    sft = services.champion(policies.SFT)
    assert sft is not None
    with pytest.raises(PermanentError, match="is no policy"):
        make_policy_pairs(settings, store, sft, products=3)
    monkeypatch.setattr(policy, "find_spec", lambda _: None)
    with pytest.raises(PermanentError, match="make train-env"):
        make_policy_pairs(settings, store, candidate, products=3)
    candidate.manifest["sft_model_id"] = "0" * 64
    with pytest.raises(PermanentError, match="came from"):
        make_policy_pairs(settings, store, candidate, products=3)


# -- votes and the gate -----------------------------------------------------------------------------------------


def test_votes_count_by_version_ties_apart_and_gold_voided_and_undoable_ones_not_at_all(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel
) -> None:
    batch = made(settings, store, candidate, FEW)
    gold = ResponsePair.objects.order_by("pk")[0]
    for person_answers, kind in ((answer(candidate, policy_wins=True), ""), ("E", "both_bad")):
        vote(person(), batch, person_answers, tie_kind=kind)
    assert desk_votes.votes_of(candidate).decided == 0, "they may still be undone"
    let_pass()
    votes = desk_votes.votes_of(candidate)
    assert (votes.policy, votes.sft, votes.tie, votes.both_bad) == (FEW, 0, 0, FEW)
    assert votes.pairs == (0, 0), "one vote for it and one for neither decide no pair"
    Decision.objects.filter(choice="E").update(tie_kind="")
    assert desk_votes.votes_of(candidate).tie == FEW
    Decision.objects.filter(choice="E").update(voided_at=F("created_at"))
    assert desk_votes.votes_of(candidate).pairs == (FEW, 0)
    ReviewItem.objects.filter(pair=gold).update(part="gold", expected="A")
    assert desk_votes.votes_of(candidate).policy == FEW - 1
    assert desk_votes.votes_on("0" * 64, candidate.manifest["sft_model_id"]).policy == 0
    assert desk_votes.votes_on(candidate.model_id, "0" * 64).policy == 0


def test_the_same_pair_in_another_batch_is_one_vote_of_a_person(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel
) -> None:
    batch = made(settings, store, candidate, 1)
    pair = ResponsePair.objects.get()
    other = Batch.objects.get(pk=batch.pk)
    other.pk, other.name = None, "another one"
    other.save()
    add_pairs(other, [PairDraft(pair.text_a, pair.text_b, prompt=pair.prompt, product_id=pair.product_id)])
    someone = person()
    vote(someone, batch, answer(candidate, policy_wins=True))
    vote(someone, other, answer(candidate, policy_wins=False))
    let_pass()
    votes = desk_votes.votes_of(candidate)
    assert (votes.policy, votes.sft) == (1, 0)


def test_enough_votes_against_a_policy_hold_it_back_until_a_person_signs_or_they_are_void(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "MIN_VOTES", 2 * FEW)
    batch = made(settings, store, candidate, FEW)
    assert candidate.passed
    for _ in range(2):
        vote(person(), batch, answer(candidate, policy_wins=False))
    let_pass()
    with pytest.raises(services.NotPromoted, match="people_prefer_it"):
        services.promote(candidate, by=services.GATE)
    assert services.champion(policies.POLICY) is None
    candidate.refresh_from_db()
    assert not candidate.passed
    [rule] = [rule for rule in candidate.rules if not rule["passed"]]
    assert f"{2 * FEW} votes" in rule["needed"]
    with pytest.raises(services.NotPromoted):
        services.promote(candidate, by="anna")
    done = services.promote(candidate, by="anna", reason="a try on one shelf")
    assert done is not None
    assert done.overridden
    Decision.objects.update(voided_at=F("created_at"))
    assert services.promote(candidate, by=services.GATE) is None, "it is the champion, and nothing speaks against it"
    candidate.refresh_from_db()
    assert candidate.passed
    assert gates.PEOPLE not in {rule["name"] for rule in candidate.rules}


def test_trained_again_to_the_same_weights_it_meets_the_votes_that_it_got(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel, folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(gates, "MIN_VOTES", FEW)
    batch = made(settings, store, candidate, FEW)
    vote(person(), batch, answer(candidate, policy_wins=False))
    let_pass()
    row, rules = policies.take(store, folders[1], dataset_version="v1", run_id="", promote=True)
    assert [rule.name for rule in rules if not rule.passed] == [gates.PEOPLE]
    assert (row.passed, str(row.status)) == (False, "candidate")


def test_votes_for_a_policy_let_it_through_and_save_none_that_was_refused(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "MIN_VOTES", FEW)
    batch = made(settings, store, candidate, FEW)
    vote(person(), batch, answer(candidate, policy_wins=True))
    let_pass()
    refused = [{**rule, "passed": rule["name"] != "length"} for rule in candidate.rules]
    for rules in (refused, []):
        RegisteredModel.objects.filter(pk=candidate.pk).update(rules=rules, passed=False)
        candidate.refresh_from_db()
        with pytest.raises(services.NotPromoted):
            services.promote(candidate, by=services.GATE)
    RegisteredModel.objects.filter(pk=candidate.pk).update(rules=[{**rule, "passed": True} for rule in refused])
    candidate.refresh_from_db()
    assert services.promote(candidate, by=services.GATE) is not None
    candidate.refresh_from_db()
    assert {rule["name"] for rule in candidate.rules if rule["passed"]} >= {gates.PEOPLE, "length"}


def test_votes_on_few_pairs_are_no_more_than_the_pairs() -> None:
    votes = gates.Votes(policy=48, sft=12, pairs=(4, 1))
    assert isinstance(votes.share, Interval)
    assert votes.share.n == 5
    rule = gates.preferred(votes)
    assert rule is not None
    assert not rule.passed, "sixty votes on five pairs are five opinions"


def test_too_few_votes_are_shown_and_decide_nothing(
    settings: Settings, store: ObjectStore, candidate: RegisteredModel
) -> None:
    goods(3)

    def run(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["policy", *words, "--json"])
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))

    said = run("pairs", candidate.model_id[:10], "--products", "3")
    assert (said["pairs"], said["standing"], said["batches"]) == (3, 0, ["check-card-ru-1"])
    assert run("pairs", candidate.model_id[:10], "--products", "3")["standing"] == 3
    vote(person(), Batch.objects.get(), answer(candidate, policy_wins=False))
    let_pass()
    shown = {each["model"]: each for each in run("models")["models"]}
    desk = shown[candidate.model_id]["desk"]
    assert (desk["policy"], desk["sft"], desk["missing"]) == (0, 3, gates.MIN_VOTES - 3)
    assert desk["share_of_pairs"][0] == 0
    assert shown[candidate.model_id]["gate"] == "met"
    assert shown[candidate.manifest["sft_model_id"]]["desk"] is None
    table = CliRunner().invoke(app, ["policy", "models"])
    assert f"{gates.MIN_VOTES - 3} more" in " ".join(table.stdout.split())
    assert run("promote", candidate.model_id[:10]) == {
        "model": candidate.model_id, "changed": True, "overridden": False,
    }  # fmt: skip
