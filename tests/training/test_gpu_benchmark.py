"""The measurement of a GPU, at a tiny size on a processor: every row with its ratio to the plain script."""

import json

import pytest

pytestmark = [pytest.mark.usefixtures("torch_is_here"), pytest.mark.slow]


def test_each_training_is_measured_beside_the_plain_script(capsys):
    from benchmarks.training.gpu import main

    assert main(["--tiny", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [row["what"] for row in rows] == ["sft", "reward model", "rloo"]
    assert all(row["tokens_per_second"] > 0 and row["plain_tokens_per_second"] > 0 for row in rows)
    assert all(row["ratio"] > 0 for row in rows)


def test_the_size_follows_the_memory():
    from benchmarks.training.gpu import filling, weights

    memories = [8_000_000_000, 24_000_000_000, 80_000_000_000, 141_000_000_000]
    sizes = [filling(memory) for memory in memories]
    assert [size.width for size in sizes] == [512, 1_024, 2_048, 2_560]
    taken = [16 * weights(size.width, size.layers) for size in sizes]
    assert all(took < memory / 2 for took, memory in zip(taken, memories, strict=True))
