"""Models to be served: linear ones of our own training, in a home folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reward.made import made
from vitrina.config import Settings
from vitrina.preferences.formats import load
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind

NAME = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small reward model."""
    folder = tmp_path_factory.mktemp("linear")
    trained = train(load([made(folder, 120)]), Plan(folder / "model", ModelKind.LINEAR)).folder
    assert trained is not None
    return trained


@pytest.fixture
def home(tmp_path: Path, linear: Path) -> Path:
    """A home folder with that model under :data:`NAME`, as the registry leaves verified copies."""
    shutil.copytree(linear, tmp_path / "home" / "training" / "models" / NAME)
    return tmp_path / "home"


@pytest.fixture
def served(home: Path) -> Iterator[Settings]:
    """Settings of that home; a process that was started for it is ended."""
    from vitrina.serving import starting
    from vitrina.serving.places import Places, Running

    yield Settings(vitrina_home=home, serve_models_idle_seconds=600.0)  # type: ignore[call-arg]
    found = Running.load(Places(home).record)
    if found is not None and (process := found.process.process()) is not None:
        process.terminate()
    if (child := starting._children.pop(home, None)) is not None:
        child.process.wait(120)
    if (lock := starting._owned.pop(home, None)) is not None:
        lock.release()
