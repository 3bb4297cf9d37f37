"""A pretrained base: adapters are trained, merged into the weights, and the bond is to the model without them."""

from dataclasses import replace

import pytest

from tests.training.writers import POLICY, SFT, examples, policy_plan, sft_plan
from vitrina.errors import PermanentError
from vitrina.policy import optimising, storage
from vitrina.policy.sft import train as teach

pytestmark = pytest.mark.usefixtures("torch_is_here")
CHAT = (
    "{% for message in messages %}<|answer|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|answer|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module", params=["plain", "chat"])
def base(request, tmp_path_factory, torch_is_here):
    """A folder as a hub has it: weights and a tokenizer, nothing of ours."""
    from vitrina.policy.building import build

    folder = tmp_path_factory.mktemp(request.param)
    rows = examples(folder).rows
    model, encoder = build(SFT, [text for row in rows for text in (row.prompt, row.chosen)], 0)
    if request.param == "chat":
        encoder.tokenizer.chat_template = CHAT
    model.save_pretrained(folder / "base")
    encoder.tokenizer.save_pretrained(folder / "base")
    return request.param, folder / "base"


def test_adapters_of_a_base_are_taught_and_become_a_policy(base, tmp_path):
    from vitrina.policy.writing import open_writer

    style, folder = base
    settings = replace(SFT, base=str(folder), epochs=1, lora_rank=4, learning_rate=None)
    manifest = teach(examples(tmp_path), replace(sft_plan(tmp_path / "sft"), settings=settings))
    assert manifest["settings"]["learning_rate"] == 2e-4
    names = {name for name in manifest["files"] if name.startswith("model/")}
    assert "model/model.safetensors" in names
    assert not [name for name in names if "adapter" in name]
    # Weights that are frozen beside adapters need 4 operations of 6
    assert 4 < manifest["speed"]["operations_per_parameter_and_token"] < 5
    writer = open_writer(tmp_path / "sft")
    assert writer.encoder.encoding.style == style
    assert writer.encoder.answer_length == SFT.answer_length
    plan = policy_plan(tmp_path / "policy", tmp_path / "sft", settings=replace(POLICY, steps=2, lora_rank=4))
    taught, _, _ = optimising.train(examples(tmp_path), None, plan)
    assert taught["settings"]["learning_rate"] == 1e-3
    assert taught["model_id"] != manifest["model_id"]
    # The first step is taken by the SFT model itself: it is no way from itself
    assert taught["history"][0]["kl"] == pytest.approx(0, abs=1e-4)
    assert storage.read(tmp_path / "policy")["base"] == str(folder)
    assert len(open_writer(tmp_path / "policy").write(["Чайник"], samples=2)[0]) == 2


def test_a_base_that_is_not_there_is_said(tmp_path):
    plan = replace(sft_plan(tmp_path / "sft"), settings=replace(SFT, base=str(tmp_path / "nowhere")))
    with pytest.raises(PermanentError, match="cannot be had"):
        teach(examples(tmp_path), plan)
