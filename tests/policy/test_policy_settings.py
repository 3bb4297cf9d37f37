"""Settings from outside, and what is used where nothing is said."""

import pytest

from vitrina.errors import PermanentError
from vitrina.policy.settings import Algorithm, PolicySettings, SftSettings
from vitrina.training import speed
from vitrina.training.options import given


def test_defaults_bind_every_algorithm_to_the_sft_model():
    settings = PolicySettings()
    assert [settings.weight(each) for each in Algorithm] == [0.05, 0.05, 0.1]
    assert settings.described(Algorithm.RLOO, pretrained=False)["learning_rate"] == 3e-4
    assert settings.described(Algorithm.RLOO, pretrained=True)["learning_rate"] == 2e-5


def test_a_beta_of_nought_is_not_taken_for_nothing_said():
    assert given(PolicySettings, {"beta": 0.0}).weight(Algorithm.RLOO) == 0.0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"stepps": 3}, "stepps"), ({"steps": "3"}, "steps"), ({"steps": -1}, "steps"), ({"steps": True}, "steps"),
     ({"steps": None}, "steps"), ({"beta": "high"}, "beta")],
)  # fmt: skip
def test_what_is_no_setting_or_no_value_of_it_is_named(wrong, why):
    with pytest.raises(PermanentError, match=why):
        given(PolicySettings, wrong)


def test_the_sft_settings_say_which_rate_they_use():
    assert SftSettings().described()["learning_rate"] == 1e-3
    assert given(SftSettings, {"base": "some/model"}).described()["learning_rate"] == 2e-4


def test_speed_on_a_known_device_has_its_share_of_arithmetic():
    common = {"tokens": 1_000_000, "seconds": 10.0, "parameters": 600_000_000, "algorithm": "sft", "devices": 1}
    found = speed.figures(**common, device="NVIDIA H200", memory=5)
    assert found["tokens_per_second"] == 100_000
    assert found["mfu"] == pytest.approx(100_000 * 6e8 * 6 / 989e12)
    assert speed.figures(**common, device="cpu", memory=None)["mfu"] is None
    assert speed.figures(**common | {"seconds": 0.0}, device="cpu", memory=None)["tokens_per_second"] is None


@pytest.mark.parametrize(("algorithm", "trained", "frozen"), [("sft", 6, 4), ("dpo", 8, 6), ("rloo", 12, 10)])
def test_weights_that_are_frozen_beside_adapters_need_no_gradient_of_their_own(algorithm, trained, frozen):
    given = {"tokens": 1_000, "seconds": 1.0, "parameters": 1_000, "algorithm": algorithm, "devices": 1, "memory": 0}
    whole, mostly = (speed.figures(**given, device="NVIDIA H200", frozen=count) for count in (0, 900))
    assert whole["operations_per_parameter_and_token"] == trained
    assert mostly["operations_per_parameter_and_token"] == pytest.approx(0.1 * trained + 0.9 * frozen)
    assert mostly["mfu"] / whole["mfu"] == pytest.approx((0.1 * trained + 0.9 * frozen) / trained)
