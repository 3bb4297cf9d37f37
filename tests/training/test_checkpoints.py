"""Checkpoints: only whole ones are gone on from."""

from pathlib import Path

import pytest

from vitrina.training import checkpoints


def make(root: Path, step: int, plan: str = "p") -> Path:
    folder = root / f"checkpoint-{step}"
    (folder / "deeper").mkdir(parents=True)
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json", "deeper/rng_state.pth"):
        (folder / name).write_bytes(f"{name} {step}".encode() * 100)
    checkpoints.seal(folder, plan=plan)
    return folder


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "optimizer.pt").unlink(), "optimizer.pt is missing"),
        (lambda folder: (folder / "scheduler.pt").unlink(), "scheduler.pt is missing"),
        (lambda folder: (folder / "deeper" / "rng_state.pth").unlink(), "deeper/rng_state.pth is missing"),
        (lambda folder: truncate(folder / "model.safetensors"), "model.safetensors was changed"),
        (lambda folder: (folder / "optimizer.pt").write_bytes(b"optimizer.pt 99" * 100), "optimizer.pt was changed"),
        (lambda folder: (folder / checkpoints.SEAL).unlink(), "not finished"),
        (lambda folder: truncate(folder / checkpoints.SEAL), "manifest is damaged"),
    ],
)
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tmp_path, damage, reason):
    make(tmp_path, 5)
    good = make(tmp_path, 10)
    damage(make(tmp_path, 20))
    found, removed = checkpoints.newest_whole(tmp_path, plan="p")
    assert found == good
    assert [name for name, _ in removed] == ["checkpoint-20"]
    assert reason in removed[0][1]
    assert not (tmp_path / "checkpoint-20").exists()


def test_a_checkpoint_of_another_plan_is_not_gone_on_from(tmp_path):
    make(tmp_path, 5, plan="other data")
    assert checkpoints.newest_whole(tmp_path, plan="p") == (None, [("checkpoint-5", "it belongs to another plan")])


def test_steps_are_compared_as_numbers_and_other_folders_left_alone(tmp_path):
    make(tmp_path, 9)
    newest = make(tmp_path, 100)
    (tmp_path / "checkpoint-best").mkdir()
    assert checkpoints.newest_whole(tmp_path, plan="p") == (newest, [])
    assert (tmp_path / "checkpoint-best").exists()


def test_nothing_is_nothing(tmp_path):
    assert checkpoints.newest_whole(tmp_path / "none", plan="p") == (None, [])
