"""How a policy writes, beside the SFT model and the best of n of its texts.

What belongs here: figures with intervals from texts and scores. What stays out: writing, models, drawing, rules
(`gates`). No torch here: a report can be made of any texts.

The score that was optimised is shown and decides nothing: without a bond to the SFT model it rises while the texts go
bad. What decides is a judge that the policy did not see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.errors import PermanentError
from vitrina.policy.texts import Written, in_language_of, repetition
from vitrina.reward.pairs import Floats, Scorer
from vitrina.statistics.intervals import Undefined, bootstrap_mean, wilson

#: Texts of each writer that the report shows.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Samples:
    """What was written for held-out prompts.

    Attributes:
        sft: For each prompt one text to compare with, then those among which the reward model chooses.
        policy: One text for each prompt.
        divergence: Nats per token by which the policy finds its own texts likelier than the SFT model does, one sum
            for each text; `None` where it was not measured.
    """

    prompts: Sequence[str]
    sft: Sequence[Sequence[Written]]
    policy: Sequence[Written]
    divergence: Sequence[float] | None = None


def judge(samples: Samples, reward: Scorer, judge: Scorer, *, leaked: int) -> dict[str, Any]:
    """The report.

    Args:
        reward: The model that was optimised.
        judge: Another one, of data that the first has not seen.
        leaked: Held-out prompts that were trained on after all.

    Returns:
        `n_prompts`, `best_of`, `leaked`, `writers` (figures of sft, best_of_n and policy), `over_best_of_n`,
        `kl_per_token`, `length_ratio`, `examples`.

    Raises:
        PermanentError: there are no prompts, or fewer than two texts of the SFT model for one.
    """
    prompts = list(samples.prompts)
    if not prompts:
        raise PermanentError("There is no held-out prompt to judge the policy on.", hint="Name files with --test.")
    sizes = {len(texts) for texts in samples.sft}
    if len(sizes) != 1 or min(sizes) < 2:
        raise PermanentError("Each prompt needs the same number of texts of the SFT model, two at least.")
    [size] = sizes
    plain = [texts[0] for texts in samples.sft]
    best = _best(reward, prompts, [texts[1:] for texts in samples.sft])
    texts = {"sft": plain, "best_of_n": best, "policy": list(samples.policy)}
    judged = {name: judge.scores(prompts, [each.text for each in written]) for name, written in texts.items()}
    writers = {name: _figures(prompts, written, reward, judged[name]) for name, written in texts.items()}
    for name in ("best_of_n", "policy"):
        writers[name]["judge_win"] = won(judged[name] - judged["sft"])
        writers[name]["judge_gain"] = mean(judged[name] - judged["sft"])
    return {
        "n_prompts": len(prompts),
        "best_of": size - 1,
        "leaked": leaked,
        "writers": writers,
        "over_best_of_n": won(judged["policy"] - judged["best_of_n"]),
        "kl_per_token": _per_token(samples),
        "length_ratio": writers["policy"]["characters"] / max(writers["sft"]["characters"], 1.0),
        "examples": [
            {"prompt": prompt, **{name: written[place].text for name, written in texts.items()}}
            for place, prompt in enumerate(prompts[:_SHOWN])
        ],
    }


def _best(reward: Scorer, prompts: Sequence[str], candidates: Sequence[Sequence[Written]]) -> list[Written]:
    """The candidate that the reward model prefers, the first of equals."""
    asked = [prompt for prompt, texts in zip(prompts, candidates, strict=True) for _ in texts]
    scores = reward.scores(asked, [each.text for texts in candidates for each in texts]).reshape(len(prompts), -1)
    return [texts[int(place)] for texts, place in zip(candidates, scores.argmax(axis=1), strict=True)]


def _figures(prompts: Sequence[str], written: Sequence[Written], reward: Scorer, judged: Floats) -> dict[str, Any]:
    texts = [each.text for each in written]
    fitting = [in_language_of(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
    return {
        "reward": mean(reward.scores(prompts, texts)),
        "judge": mean(judged),
        "characters": float(np.mean([len(text) for text in texts])),
        "clipped": part(sum(not each.ended for each in written), len(written)),
        "repetition": mean(np.asarray([repetition(text) for text in texts])),
        "language": part(sum(fitting), len(fitting)),
        "different": len(set(texts)),
    }


def mean(values: Floats) -> dict[str, Any]:
    """Mean with a bootstrap interval over prompts."""
    found = bootstrap_mean(values.tolist(), seed=0)
    if isinstance(found, Undefined):
        return {"mean": float(values.mean()) if values.size else None, "low": None, "high": None, "n": int(values.size)}
    return {"mean": found.estimate, "low": found.low, "high": found.high, "n": found.n}


def part(count: int, of: int) -> dict[str, Any]:
    """A share with Wilson's interval."""
    found = wilson(count, of)
    if isinstance(found, Undefined):
        return {"share": None, "low": None, "high": None, "n": of}
    return {"share": found.estimate, "low": found.low, "high": found.high, "n": of}


def won(gains: Floats) -> dict[str, Any]:
    """Share of prompts with a gain among those with a gain or a loss; equal scores are counted apart."""
    return part(int((gains > 0).sum()), int((gains != 0).sum())) | {"equal": int((gains == 0).sum())}


def _per_token(samples: Samples) -> dict[str, Any] | None:
    """All nats over all tokens, its interval by bootstrap over texts."""
    if samples.divergence is None:
        return None
    nats = np.asarray(samples.divergence, dtype=float)
    tokens = np.asarray([len(each.ids) for each in samples.policy], dtype=float)
    total = float(nats.sum() / max(tokens.sum(), 1.0))
    draws = np.random.default_rng(0).integers(0, len(nats), (1_000, len(nats)))
    low, high = np.quantile(nats[draws].sum(axis=1) / np.maximum(tokens[draws].sum(axis=1), 1.0), [0.025, 0.975])
    return {"mean": total, "low": float(low), "high": float(high), "n": len(nats), "tokens": int(tokens.sum())}


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """The few figures that a person wants first."""
    policy, sft = report["writers"]["policy"], report["writers"]["sft"]
    kl = report["kl_per_token"]
    return {
        "n_prompts": report["n_prompts"],
        "reward_sft": sft["reward"]["mean"],
        "reward_policy": policy["reward"]["mean"],
        "judge_win": policy["judge_win"]["share"],
        "judge_win_low": policy["judge_win"]["low"],
        "kl_per_token": kl["mean"] if kl else None,
        "length_ratio": report["length_ratio"],
    }
