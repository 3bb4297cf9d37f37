"""Collections are fewer while calls are under way, and as before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from vitrina.llm.collecting import fewer_collections


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_former_values_stand_again_after_the_last_block() -> None:
    with fewer_collections():
        with fewer_collections():
            assert gc.get_threshold() == (10_000, 10, 10)
        assert gc.get_threshold() == (10_000, 10, 10)
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("own", [(0, 0, 0), (50_000, 5, 5)])
def test_a_process_that_collects_less_or_never_keeps_its_way(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    with fewer_collections():
        assert gc.get_threshold() == own
    assert gc.get_threshold() == own
