"""Models that write in the registry: let in by the gate or by a signature, and what their trainings are told."""

import json

import pytest

from tests.policy.folders import policy_folder, sft_folder
from tests.policy.planted import babbling, better
from tests.reward.made import made
from vitrina.errors import PermanentError
from vitrina.objects import FolderStore


@pytest.fixture
def registry(database, tmp_path):
    from vitrina.models_registry import policies, services
    from vitrina.models_registry.models import Promotion, RegisteredModel

    def clean():
        Promotion.objects.all().delete()
        RegisteredModel.objects.all().delete()

    clean()
    yield policies, services, FolderStore(tmp_path / "objects")
    clean()


def take(registry, folder, **more):
    policies, _, store = registry
    return policies.take(store, folder, **{"dataset_version": "v1", "run_id": "r", "promote": True} | more)


def test_a_sound_policy_becomes_the_champion_and_comes_back_whole(registry, tmp_path):
    policies, services, store = registry
    row, rules = take(registry, policy_folder(tmp_path / "policy", better))
    assert (row.role, str(row.status), row.passed) == ("policy", "champion", True)
    assert services.champion(policies.POLICY) == row
    assert services.champion(policies.SFT) is None
    folder = services.fetch(store, row, tmp_path / "cache")
    assert (folder / "model" / "model.safetensors").read_bytes() == b"policy"
    assert {rule.name for rule in rules} >= {"beats_sft", "near_to_sft", "length", "does_not_repeat"}


def test_weights_that_a_person_rolled_back_and_that_are_trained_again_wait_for_a_person(registry, tmp_path):
    policies, services, _ = registry
    row, _ = take(registry, policy_folder(tmp_path / "policy", better))
    services.roll_back(policies.POLICY, by="anna", reason="complaints")
    again, _ = take(registry, tmp_path / "policy")
    assert (again.pk, str(again.status), again.passed) == (row.pk, "retired", True)
    assert services.champion(policies.POLICY) is None
    services.promote(again, by="anna")
    assert not services.withdrawn(services.champion(policies.POLICY))
    take(registry, tmp_path / "policy")
    assert services.champion(policies.POLICY) == row


def test_an_over_optimised_policy_is_held_back_until_a_person_signs(registry, tmp_path):
    policies, services, _ = registry
    row, _ = take(registry, policy_folder(tmp_path / "policy", babbling))
    assert (str(row.status), services.champion(policies.POLICY)) == ("candidate", None)
    with pytest.raises(services.NotPromoted, match="does_not_repeat"):
        services.promote(row, by=services.GATE)
    done = services.promote(row, by="anna", reason="a try on one shelf")
    assert done is not None
    assert done.overridden


def test_an_sft_model_that_learned_is_used_and_one_that_did_not_is_not(registry, tmp_path):
    policies, services, _ = registry
    bad, _ = take(registry, sft_folder(tmp_path / "bad", loss=7.5, weights=b"bad"))
    assert services.champion(policies.SFT) is None
    good, _ = take(registry, sft_folder(tmp_path / "good"))
    assert services.champion(policies.SFT) == good
    assert bad.role == good.role == "sft"


def test_trained_again_it_is_one_row(registry, tmp_path):
    from vitrina.models_registry.models import RegisteredModel

    for name in ("one", "two"):
        take(registry, sft_folder(tmp_path / name))
    assert RegisteredModel.objects.count() == 1


def test_without_a_dataset_it_is_said_what_to_do(registry, tmp_path):
    policies, _, store = registry
    with pytest.raises(PermanentError, match="preference_dataset"):
        policies.files_of_newest(store, tmp_path)


def test_short_cards_of_the_newest_dataset_are_learned_from_and_nothing_else(registry, settings, tmp_path):
    from tests.preferences.test_dataset import preference
    from vitrina.objects import open_store
    from vitrina.policy.examples import read_examples
    from vitrina.preferences.dataset.versions import make_version

    for contract, count in (("card", 40), ("description", 15), ("", 5)):
        for _ in range(count):
            preference(contract=contract)
    store = open_store(settings)
    made = make_version(store, settings)
    policies = registry[0]
    files = policies.files_of_newest(store, tmp_path)
    assert files.version == made.version.version
    learned, test = read_examples(files.train), read_examples(files.test)
    assert len(learned.rows) + len(test.rows) == 40
    assert not set(learned.prompts.values()) & set(test.prompts.values())
    assert all(row.chosen.startswith("Первый текст") for row in learned.rows)
    # A run that still reads the version before is not disturbed by one that begins with the next
    before = files.train[0].read_bytes()
    for _ in range(8):
        preference(contract="card")
    assert make_version(store, settings).version.version != files.version
    assert policies.files_of_newest(store, tmp_path).train != files.train
    assert files.train[0].read_bytes() == before
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_champion_teaches_only_where_a_judge_can_be_had(tmp_path, database):
    from vitrina.models_registry import policies
    from vitrina.models_registry.rewards import files_by_hand
    from vitrina.preferences.formats import load

    test = made(tmp_path, 320)
    files = files_by_hand([str(made(tmp_path, 120, seed=1))], [str(test)])
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    assert policies.teacher_of(None, files) is None
    assert policies.teacher_of(teacher, files) == teacher
    seen = {row.group: "train" for row in load([test]).decided[:50]}
    (teacher / "groups.json").write_text(json.dumps(seen))
    assert policies.teacher_of(teacher, files) is None


def test_several_processes_are_launched_together_and_again(tmp_path, database):
    from vitrina.models_registry import policies, rewards

    files = rewards.files_by_hand(["a.jsonl"], [])
    words = policies.sft_command(files, tmp_path, seed=0, settings={"epochs": 1}, notes={}, processes=4)
    assert words[1:6] == ["-m", "torch.distributed.run", "--standalone", "--max-restarts", "2"]
    assert words[6:10] == ["--nproc-per-node", "4", "-m", "vitrina.training.sft"]
    judge = rewards.command(
        files, tmp_path, kind="transformer", seed=0, settings={}, champion=None, notes={}, processes=2
    )
    assert judge[6:10] == ["--nproc-per-node", "2", "-m", "vitrina.training.reward"]
    one = policies.sft_command(files, tmp_path, seed=0, settings={}, notes={})
    assert one[1:3] == ["-m", "vitrina.training.sft"]
