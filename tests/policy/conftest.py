"""A small model that writes, untrained: enough for everything but the quality of its texts."""

from pathlib import Path

import pytest

from tests.training.conftest import torch_is_here

__all__ = ["torch_is_here"]
PROMPTS = [f"Напиши короткую карточку товара.\nНазвание: Чайник {number}" for number in range(12)]


def random_writer(folder: Path, *, kind: str = "sft", seed: int = 0, **described) -> Path:
    """A folder of a model with random weights."""
    from vitrina.policy import storage
    from vitrina.policy.building import build, save
    from vitrina.policy.settings import SftSettings

    settings = SftSettings(width=32, layers=1, heads=2, vocabulary=300, prompt_length=24, answer_length=24, threads=1)
    model, encoder = build(settings, PROMPTS, seed)
    partial = folder.with_name(folder.name + ".making")
    save(model, encoder, partial / storage.FOLDER)
    manifest = {"kind": kind, "contract": "card", "base": None, "algorithm": "sft", **described}
    storage.keep(partial, folder, manifest, "# A model\n", {})
    return folder


@pytest.fixture(scope="session")
def writer_folder(tmp_path_factory, torch_is_here):
    return random_writer(tmp_path_factory.mktemp("writers") / "sft")
