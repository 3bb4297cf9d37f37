"""Votes on a policy's texts beside those of its SFT model: counted by version, heard by the gate at promotion."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from typer.testing import CliRunner

from tests.preferences.people import person, vote
from tests.preferences.test_pairing import goods
from vitrina.cli.main import app
from vitrina.config import Settings
from vitrina.models_registry import desk_votes, policies, services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.policy import gates
from vitrina.preferences.models import PairOrigin
from vitrina.preferences.policy_pairs import make_policy_pairs
from vitrina.review.batches import add_pairs
from vitrina.review.models import Batch, Decision, ResponsePair, ReviewItem
from vitrina.review.results import PairDraft
from vitrina.statistics.intervals import Interval

FEW = 8


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


def test_votes_count_by_version_ties_apart_and_gold_voided_and_undoable_ones_not_at_all(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel
) -> None:
    batch = made(settings, served_store, candidate, FEW)
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
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel
) -> None:
    batch = made(settings, served_store, candidate, 1)
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
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "MIN_VOTES", 2 * FEW)
    batch = made(settings, served_store, candidate, FEW)
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
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel, trained_folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(gates, "MIN_VOTES", FEW)
    batch = made(settings, served_store, candidate, FEW)
    vote(person(), batch, answer(candidate, policy_wins=False))
    let_pass()
    row, rules = policies.take(served_store, trained_folders[1], dataset_version="v1", run_id="", promote=True)
    assert [rule.name for rule in rules if not rule.passed] == [gates.PEOPLE]
    assert (row.passed, str(row.status)) == (False, "candidate")


def test_votes_for_a_policy_let_it_through_and_save_none_that_was_refused(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "MIN_VOTES", FEW)
    batch = made(settings, served_store, candidate, FEW)
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
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel
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
        "model": candidate.model_id, "changed": True, "overridden": False, "pushed": "no repository is set",
    }  # fmt: skip
