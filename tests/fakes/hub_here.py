"""The fake Hub as a fixture, and what must be installed for it.

Belongs here: what all tests that push share. Stays out: the server (``tests.fakes.hub_server``), and what is pushed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.fakes.hub_server import Hub, running_hub


def must_be_installed() -> None:
    """Skip the calling module without huggingface_hub; in CI that is a failure."""
    if find_spec("huggingface_hub") is None:
        if os.environ.get("CI"):
            pytest.fail("huggingface_hub is not installed, so pushing is not tested: run `make train-env` first", False)
        pytest.skip("it comes with `make train-env`", allow_module_level=True)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub of this test's own; the client pushes through Python and does not wait between its tries."""
    import huggingface_hub.constants
    import huggingface_hub.utils._http as http

    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    # Tests of local models switch their process offline for good
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    with running_hub() as server:
        yield server
