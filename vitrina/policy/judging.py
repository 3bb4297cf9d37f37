"""Writing for held-out prompts with a policy and its SFT model, and judging what they wrote.

What belongs here: from two folders to a report with plots beside the policy. What stays out: figures (`evaluation`),
rules (`gates`). Needs the training group of requirements.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.policy import cards, storage
from vitrina.policy.evaluation import Samples, judge, summary
from vitrina.policy.plots import draw
from vitrina.policy.writing import PolicyWriter, open_writer
from vitrina.reward.fitting import Progress
from vitrina.reward.pairs import Scorer
from vitrina.reward.storage import plots_of, write_card

#: Of the sampling; others than those of training.
_SEED = 20_000


def samples(
    policy: PolicyWriter, sft: PolicyWriter, prompts: Sequence[str], *, best_of: int, temperature: float
) -> Samples:
    """Texts of both for the same prompts, and how far the policy's are from what the SFT model would say."""
    plain = sft.write(prompts, samples=best_of + 1, temperature=temperature, seed=_SEED)
    written = [texts[0] for texts in policy.write(prompts, temperature=temperature, seed=_SEED + 1)]
    ids = [each.ids for each in written]
    own, other = policy.likelihoods(prompts, ids), sft.likelihoods(prompts, ids)
    return Samples(prompts, plain, written, [float(np.sum(a - b)) for a, b in zip(own, other, strict=True)])


def report_of(
    folder: Path,
    sft: Path,
    prompts: Sequence[str],
    reward: Scorer,
    other: Scorer,
    *,
    leaked: int,
    progress: Progress,
    best_of: int,
    used: Mapping[str, str],
    temperature: float = 1.0,
) -> dict[str, Any]:
    """The report of a policy, written with plots and card into its folder.

    Args:
        other: The judge that the policy did not see.
        used: `judge_model_id` and `judge_origin` of this judgement; the manifest names those of the training.
    """
    manifest = storage.read(folder, kind=storage.WriterKind.POLICY)
    made = samples(open_writer(folder), open_writer(sft), prompts, best_of=best_of, temperature=temperature)
    progress("written", {"prompts": len(prompts), "texts": len(prompts) * (best_of + 2)})
    report = judge(made, reward, other, leaked=leaked)
    report |= {**_origin(manifest), **used}
    target = folder / storage.EVALUATION
    draw(report, target)
    write_card(folder, cards.written(manifest, report, plots_of(folder)))
    (target / storage.REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    progress("judged", summary(report))
    return report


def _origin(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the report is of, and the curve of its training."""
    names = ("algorithm", "model_id", "sft_model_id", "reward_model_id", "judge_model_id", "judge_origin", "speed")
    return {name: manifest[name] for name in names} | {"curve": manifest["history"]}
