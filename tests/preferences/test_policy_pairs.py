"""A policy beside its SFT model at the desk: for which products, how anonymous, never twice."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from tests.fakes.roles import acting
from tests.policy.folders import policy_folder, sft_folder
from tests.policy.planted import better
from tests.preferences.conftest import Speaker, registered, served_here
from tests.preferences.test_pairing import goods
from vitrina.catalog.models import Product
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.llm.models import LlmAttempt
from vitrina.models_registry import policies, services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore, open_store
from vitrina.preferences import policy
from vitrina.preferences.candidates import facts_of
from vitrina.preferences.contracts import prompt_text
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.models import Candidate, PairOrigin, SplitSide
from vitrina.preferences.policy_pairs import make_policy_pairs
from vitrina.review.models import Batch

FEW = 8


def ids() -> list[int]:
    return list(Product.objects.order_by("pk").values_list("pk", flat=True))


def test_the_two_texts_meet_as_anonymously_as_any_and_a_second_call_asks_for_nothing(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel
) -> None:
    goods(FEW + 2)
    first = make_policy_pairs(settings, served_store, candidate, products=FEW)
    assert (first.result.pairs, first.result.texts.written, first.standing) == (FEW, 2 * FEW, 0)
    assert (Batch.objects.get().name, Batch.objects.get().overlap) == ("check-card-ru-1", settings.pair_overlap)
    names = {f"policy-{candidate.model_id[:8]}", f"sft-{candidate.manifest['sft_model_id'][:8]}"}
    origins = list(PairOrigin.objects.select_related("candidate_a", "candidate_b", "pair"))
    for origin in origins:
        assert {origin.candidate_a.writer, origin.candidate_b.writer} == names
        assert not any(name in str([origin.pair.prompt, origin.pair.facts, origin.pair.measures]) for name in names)
    assert 0 < sum(o.candidate_a.writer.startswith("policy") for o in origins) < FEW, "neither writer is always A"

    before = (PairOrigin.objects.count(), Candidate.objects.count(), LlmAttempt.objects.count())
    again = make_policy_pairs(settings, served_store, candidate, products=FEW)
    assert (again.result.pairs, again.standing) == (0, FEW)
    assert (PairOrigin.objects.count(), Candidate.objects.count(), LlmAttempt.objects.count()) == before
    more = make_policy_pairs(settings, served_store, candidate, products=FEW + 1)
    assert (more.result.pairs, more.standing) == (1, FEW)


def test_only_products_that_neither_model_learned_on_are_taken_and_those_kept_for_tests_first(
    settings: Settings, served_store: ObjectStore, tmp_path: Path
) -> None:
    goods(8)
    by_sft, by_policy, on_train, on_validation, on_test, *_ = ids()
    groups = {pk: prompt_group(prompt_text(one, "card")) for pk, one in facts_of(ids(), "ru").items()}
    sft = sft_folder(tmp_path / "sft", groups={groups[by_sft]: "train"}, weights=b"learned")
    start = json.loads((sft / "manifest.json").read_text(encoding="utf-8"))["model_id"]
    seen = {groups[by_policy]: "train", groups[on_test]: "held_out"}
    trained = policy_folder(tmp_path / "policy", better, weights=b"of it", groups=seen, sft_model_id=start)
    row = registered(served_store, (sft, trained))
    for pk, side in ((on_train, "train"), (on_validation, "validation"), (on_test, "test")):
        SplitSide.objects.create(key=f"product:{pk}", side=side)
    assert make_policy_pairs(settings, served_store, row, products=1).result.pairs == 1
    assert [origin.pair.product_id for origin in PairOrigin.objects.select_related("pair")] == [on_test]
    make_policy_pairs(settings, served_store, row, products=8)
    taken = set(PairOrigin.objects.values_list("pair__product", flat=True))
    assert taken == set(ids()) - {by_sft, by_policy, on_train, on_validation}


def test_where_texts_cannot_be_compared_further_products_are_asked_for(
    settings: Settings, database: str, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    goods(24)
    asked: list[str] = []

    def every_other(prompt: str) -> bool:
        if prompt not in asked:
            asked.append(prompt)
        return asked.index(prompt) % 2 == 0

    def is_sft(folder: Path) -> bool:
        return bool(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["kind"] == "sft")

    store = open_store(settings)
    served_here(settings, database, monkeypatch, lambda folder: Speaker(is_sft(folder), breaks=every_other))
    made = make_policy_pairs(settings, store, candidate, products=FEW)
    assert made.result.pairs == FEW
    assert sum(made.result.left_out.values()) >= FEW - 1
    assert made.result.texts.asked == 2 * len(asked) <= 2 * 3 * FEW
    assert Batch.objects.count() == 1

    served_here(settings, database, monkeypatch, lambda folder: Speaker(is_sft(folder), breaks=lambda _: True))
    more = make_policy_pairs(settings, store, candidate, products=FEW + 2)
    assert (more.result.pairs, more.standing) == (0, FEW), "it ends where nothing more can be compared"


def test_what_cannot_be_compared_is_said(
    settings: Settings, served_store: ObjectStore, candidate: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PermanentError, match="No product is held out"):
        make_policy_pairs(settings, served_store, candidate, products=3)
    sft = services.champion(policies.SFT)
    assert sft is not None
    with pytest.raises(PermanentError, match="is no policy"):
        make_policy_pairs(settings, served_store, sft, products=3)
    monkeypatch.setattr(policy, "find_spec", lambda _: None)
    with pytest.raises(PermanentError, match="make train-env"):
        make_policy_pairs(settings, served_store, candidate, products=3)
    candidate.manifest["sft_model_id"] = "0" * 64
    with pytest.raises(PermanentError, match="came from"):
        make_policy_pairs(settings, served_store, candidate, products=3)


def test_dagster_makes_them_too(instance: dg.DagsterInstance, candidate: RegisteredModel) -> None:
    from pipelines.feedback import defs

    def run(name: str, *, ok: bool = True) -> dg.ExecuteInProcessResult:
        config = {"ops": {"response_pairs": {"config": {"policy": name, "products": 3}}}}
        job = defs.resolve_job_def("make_pairs")
        with acting():
            return job.execute_in_process(instance=instance, run_config=config, raise_on_error=ok)

    goods(3)
    for made, standing in ((3, 0), (0, 3)):
        [event] = run(candidate.model_id[:10]).asset_materializations_for_node("response_pairs")
        told = {name: value.value for name, value in event.metadata.items()}
        assert (told["pairs"], told["standing"]) == (made, standing)
    assert not run("0000", ok=False).success
