"""What training makes of the machine it finds."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.usefixtures("torch_is_here")
MODEL = SimpleNamespace(config=SimpleNamespace(num_hidden_layers=28, hidden_size=1_024))


@pytest.mark.parametrize(
    ("wanted", "gpu", "free", "expected"),
    [
        (None, False, 0, False),
        (True, False, 0, True),
        (None, True, 80_000_000_000, False),
        (None, True, 24_000_000_000, True),
        (False, True, 1, False),
        (True, True, 80_000_000_000, True),
    ],
)
def test_activations_are_made_again_where_memory_would_not_hold_them(monkeypatch, wanted, gpu, free, expected):
    """A base of 0.6B weights with 16,384 tokens in a step keeps 16 GB of activations."""
    import torch

    from vitrina.reward.transformer import hardware

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(hardware, "free_memory", lambda: free)
    assert hardware.checkpointing(MODEL, 16_384, wanted) is expected


@pytest.mark.parametrize(
    ("gpu", "generation", "there", "expected"),
    [
        (False, (0, 0), True, "sdpa"),
        (True, (7, 5), True, "sdpa"),
        (True, (9, 0), False, "sdpa"),
        (True, (9, 0), True, "flash_attention_2"),
    ],
)
def test_the_attention_kernel_is_one_that_is_there(monkeypatch, gpu, generation, there, expected):
    import torch

    from vitrina.reward.transformer import hardware

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: generation)
    monkeypatch.setattr(hardware, "find_spec", lambda _: there or None)
    assert hardware.attention() == expected


def test_the_share_of_a_known_devices_arithmetic_is_told():
    from vitrina.training.speed import figures

    given = {"tokens": 1_000_000, "seconds": 10.0, "parameters": 600_000_000, "algorithm": "reward"}
    found = figures(**given, device="NVIDIA H100 80GB HBM3", devices=1, memory=40)
    assert found["mfu"] == pytest.approx(1e5 * 6e8 * 6 / 989e12)
    assert figures(**given, device="cpu", devices=1, memory=None)["mfu"] is None
