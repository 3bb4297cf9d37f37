"""Where the training group is not installed, tests that train are skipped; in CI that is a failure."""

import os
from importlib.util import find_spec

import pytest


@pytest.fixture(scope="session")
def torch_is_here():
    """Needed by every test that trains a transformer."""
    if find_spec("torch") is not None and find_spec("trl") is not None:
        return
    if os.environ.get("CI"):
        pytest.fail("torch and trl are not installed, so training is not tested: run `make train-env` first")
    pytest.skip("torch and trl are not installed: `make train-env`")
