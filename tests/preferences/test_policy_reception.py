"""Votes on the policy in use: too few say nothing, enough against it raise an alert that names the way back."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from django.db.models import F

from tests.policy.folders import policy_folder
from tests.policy.planted import better
from tests.preferences.people import person, vote
from tests.preferences.test_policy_votes import FEW, answer, let_pass, made
from vitrina.config import Settings
from vitrina.drift.policy import OTHERS, SFT, received
from vitrina.errors import PermanentError
from vitrina.models_registry import policies, services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.policy import gates
from vitrina.policy.gates import Votes, refuted
from vitrina.preferences.models import Candidate, PairOrigin
from vitrina.review.models import Decision


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("vitrina.policy.gates", "vitrina.drift.policy"):
        monkeypatch.setattr(f"{place}.MIN_VOTES", FEW)


def check() -> dg.AssetCheckResult:
    from assets.feedback.champion_on_new_votes import policy_holds_on_desk_votes
    from resources.warehouse import Warehouse

    found = policy_holds_on_desk_votes(warehouse=Warehouse())
    assert isinstance(found, dg.AssetCheckResult)
    assert found.severity == dg.AssetCheckSeverity.WARN
    return found


def test_without_a_policy_in_use_nothing_is_said(candidate: RegisteredModel) -> None:
    assert received() is None
    assert check().passed


def test_votes_after_the_promotion_that_speak_against_it_raise_an_alert_with_the_way_back(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel
) -> None:
    services.promote(candidate, by=services.GATE)
    batch = made(settings, served_store, candidate, FEW)
    assert check().passed
    assert f"0 of {FEW} votes" in str(check().metadata["said"].value)
    vote(person(), batch, answer(candidate, policy_wins=False))
    assert check().passed, "the votes may still be undone"
    let_pass()
    found = check()
    assert not found.passed
    assert "people prefer the other text" in str(found.metadata["said"].value)
    assert "vitrina policy roll-back" in str(found.metadata["way_back"].value)
    assert "none is then" in str(found.metadata["way_back"].value)
    assert services.champion(policies.POLICY) == candidate, "a person decides"
    Decision.objects.update(voided_at=F("created_at"))
    assert check().passed
    services.roll_back(policies.POLICY, by="anna")
    assert services.champion(policies.POLICY) is None
    assert received() is None
    with pytest.raises(PermanentError, match="no policy champion"):
        services.roll_back(policies.POLICY, by="anna")
    services.promote(candidate, by=services.GATE)
    assert services.former(candidate) is None


def test_the_command_that_is_named_brings_back_the_policy_before(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "older", better, weights=b"older")
    older, _ = policies.take(served_store, folder, dataset_version="v1", run_id="", promote=True)
    services.promote(candidate, by=services.GATE)
    batch = made(settings, served_store, candidate, FEW)
    vote(person(), batch, answer(candidate, policy_wins=False))
    let_pass()
    assert "vitrina policy roll-back" in str(check().metadata["way_back"].value)
    assert older.model_id[:12] in str(check().description)
    services.roll_back(policies.POLICY, by="anna")
    assert services.champion(policies.POLICY) == older
    assert check().passed, "nobody has voted on that one"


def test_votes_beside_other_writers_count_apart_from_those_beside_its_start(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel
) -> None:
    services.promote(candidate, by=services.GATE)
    batch = made(settings, served_store, candidate, FEW)
    lost = answer(candidate, policy_wins=False)
    # The same pairs, as if another writer than the SFT model had been drawn against the policy
    PairOrigin.objects.update(chosen_for="random")
    Candidate.objects.exclude(trained_model=candidate.model_id).update(trained_model="", writer="embedded")
    vote(person(), batch, lost)
    let_pass()
    found = received()
    assert found is not None
    assert (found.votes[SFT].decided, found.votes[OTHERS].sft) == (0, FEW)
    assert found.against == [OTHERS]
    PairOrigin.objects.update(chosen_for="best_of")
    found = received()
    assert found is not None
    assert found.votes[OTHERS].decided == 0, "there the reward model had put one text first"


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        (Votes(policy=0, sft=FEW - 1), False),
        (Votes(policy=0, sft=FEW), True),
        (Votes(policy=FEW // 2, sft=FEW // 2), False),
        (Votes(policy=FEW, sft=0), False),
        (Votes(policy=0, sft=FEW, pairs=(0, 1)), False),
        (Votes(policy=0, sft=FEW, pairs=(0, 0)), False),
    ],
)
def test_only_enough_votes_with_an_upper_bound_below_one_half_refute(votes: Votes, said: bool) -> None:
    assert refuted(votes) is said
    assert gates.MIN_VOTES == FEW
