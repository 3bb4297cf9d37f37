"""The teacher and the judge: never the same, never of the same prompts."""

from dataclasses import replace

import pytest

from tests.reward.made import made
from vitrina.errors import PermanentError
from vitrina.policy.examples import read_examples
from vitrina.policy.judges import open_judges, unseen
from vitrina.preferences.formats import load
from vitrina.reward.fitting import Plan, silent, train
from vitrina.reward.models import ModelKind


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return read_examples([made(tmp_path_factory.mktemp("pairs"), 320)]).pairs


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    train(load([made(folder, 200)]), Plan(folder / "model", ModelKind.LINEAR))
    return folder / "model"


def test_halves_share_no_prompt_and_are_used_again(pairs, tmp_path):
    told = []
    found = open_judges(pairs, None, None, tmp_path, 0, lambda *each: told.append(each))
    assert not set(found.reward.trained_groups()) & set(found.judge.trained_groups())
    assert len(found.reward.trained_groups()) + len(found.judge.trained_groups()) == 320
    assert found.origin == "halves"
    assert [stage for stage, _ in told] == ["reward trained", "judge trained"]
    again = open_judges(pairs, None, None, tmp_path, 0, lambda *each: told.append(each))
    assert (again.reward.model_id, again.judge.model_id) == (found.reward.model_id, found.judge.model_id)
    assert len(told) == 2


def test_the_first_of_several_processes_makes_both_by_itself(pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, told in (("0", ["reward trained", "judge trained"]), ("1", [])):
        monkeypatch.setenv("RANK", rank)
        stages = []
        open_judges(pairs, None, None, tmp_path, 0, lambda stage, _, stages=stages: stages.append(stage))
        assert stages == told


def test_a_judge_is_trained_on_what_the_teacher_has_not_seen(pairs, teacher, tmp_path):
    found = open_judges(pairs, teacher, None, tmp_path, 0, silent)
    assert not set(found.reward.trained_groups()) & set(found.judge.trained_groups())
    assert len(found.judge.trained_groups()) == 120


def test_what_the_teacher_saw_is_seen_in_another_group_and_in_almost_the_same_words(pairs):
    words = " ".join(f"слово{place}" for place in range(30))
    prompts = f"{words} лампа", f"{words} лампы", "совсем другие слова о другой вещи"
    seen, near, other = (replace(pairs[0], prompt=prompt, group="") for prompt in prompts)
    named = replace(seen, group="named")
    assert unseen([seen, near, other, named], [seen.group]) == [other]


def test_too_little_for_a_judge_is_said(pairs, teacher, tmp_path):
    with pytest.raises(PermanentError, match="has not seen 50 of 250"):
        open_judges(pairs[:250], teacher, None, tmp_path, 0, silent)
    with pytest.raises(PermanentError, match="50 more are needed"):
        open_judges(pairs[:150], None, None, tmp_path, 0, silent)


def test_no_model_is_its_own_judge(pairs, teacher, tmp_path):
    with pytest.raises(PermanentError, match="the reward model itself"):
        open_judges(pairs, teacher, teacher, tmp_path, 0, silent)
    twin = tmp_path / "twin"
    train(load([made(tmp_path, 200)]), Plan(twin, ModelKind.LINEAR, seed=1))
    with pytest.raises(PermanentError, match="prompts that the reward model was trained on too"):
        open_judges(pairs, teacher, twin, tmp_path, 0, silent)
    with pytest.raises(PermanentError, match="no reward model"):
        open_judges(pairs, None, teacher, tmp_path, 0, silent)
