"""Folders of models that write, with a file in place of weights: enough for whoever does not write with them."""

import json

from tests.policy.planted import Counting, Different, samples
from vitrina.policy import storage
from vitrina.policy.evaluation import judge
from vitrina.policy.plots import draw
from vitrina.reward.storage import partial_folder

DATA = {
    "n_examples": 200, "n_prompts": 200, "n_pairs": 200, "set_aside_reasons": {}, "repeated": 0, "files": ["a.jsonl"],
    "data_version": "d" * 64,
}  # fmt: skip
SPEED = {"device": "cpu", "devices": 1, "tokens": 10, "seconds": 1.0, "tokens_per_second": 10.0, "mfu": None}


def _kept(out, kind, weights, groups, **described):
    partial = partial_folder(out)
    (partial / storage.FOLDER).mkdir(parents=True)
    (partial / storage.FOLDER / "model.safetensors").write_bytes(weights)
    manifest = {
        "kind": kind, "contract": storage.CONTRACT, "base": None, "seed": 0, "settings": {}, "notes": {}, "code": {},
        "data": DATA, "speed": SPEED, "plan": "p", **described,
    }  # fmt: skip
    storage.keep(partial, out, manifest, "# A model\n", groups or {"group": "train"})
    return out


def sft_folder(out, *, loss=0.9, weights=b"sft", groups=None):
    """What a training by examples leaves; `groups` are the prompts that it learned on."""
    history = [{"epoch": 1, "loss_per_token": loss, "loss_per_character": loss / 4}]
    return _kept(
        out, "sft", weights, groups, algorithm="sft", history=history, best_epoch=1, vocabulary=2048, reward_model_id=""
    )


def policy_folder(out, policy, *, weights=b"policy", groups=None, sft_model_id="s" * 64):
    """What a training by a reward model leaves, of a planted policy."""
    ids = {"sft_model_id": sft_model_id, "reward_model_id": "r" * 64, "judge_model_id": "j" * 64}
    ids["judge_origin"] = "halves"
    _kept(out, "policy", weights, groups, algorithm="rloo", history=[], **ids)
    report = judge(samples(policy), Counting("стали"), Different(), leaked=0)
    report |= {"algorithm": "rloo", "judge_origin": "halves", "speed": SPEED, "curve": []}
    draw(report, out / storage.EVALUATION)
    (out / storage.EVALUATION / storage.REPORT).write_text(json.dumps(report), encoding="utf-8")
    return out
