"""Damaged drops end in a balanced report or in a clear refusal, and soon."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.feeds.mutations import damaged, fault_of
from tests.feeds.samples import ALL
from vitrina.feeds.records import SourceConfig

_SEEDS = 4


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_damage_costs_rows_or_the_drop_and_nothing_else(sample, tmp_path: Path) -> None:
    for seed in range(_SEEDS):
        dice = random.Random(f"{sample.name} {seed}")
        assert fault_of(damaged(dice, sample.files), tmp_path, SourceConfig()) is None, seed


def test_a_line_whose_quoted_text_is_no_record_itself_is_set_aside(tmp_path: Path) -> None:
    files = {
        "a.csv": b"sku,name,price\n" + b"".join(b"Q%d,Soap bar,%d0\n" % (n, n) for n in range(1, 9)) + b'"Q9,a\rb,90"\n'
    }
    assert fault_of(files, tmp_path, SourceConfig()) is None
