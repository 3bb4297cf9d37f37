"""Whether a policy may write for the shop.

What belongs here: the rules, from the figures of a report and the votes of people. What stays out: the figures' making,
and the registry that asks. A rule whose figure is missing is not met: nothing is promoted on what was not measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from vitrina.reward.gates import Rule
from vitrina.statistics.intervals import Interval, Undefined, wilson

#: Fewer held-out prompts say nothing.
MIN_PROMPTS = 50
#: Fewer decided votes are no evidence against the judge, and are only shown.
MIN_VOTES = 50
#: Nats per token; a policy further from what people wrote is a stranger. One of 0.34 was over-optimised already.
MAX_KL = 0.5
#: Mean length over that of the SFT model. An over-optimised run wrote 2.2 times as much, sound ones 1.1 to 1.4.
LENGTH_RATIO = (0.6, 1.6)
#: Above the SFT model's own share.
CLIPPED_TOLERANCE, REPETITION_TOLERANCE = 0.05, 0.05
#: Share of texts in the language that was asked for; where the SFT model has less, its share.
LANGUAGE_SHARE = 0.9
#: The rule over votes, which change after a report was made.
PEOPLE = "people_prefer_it"


@dataclass(frozen=True, slots=True)
class Votes:
    """What people at the desk said of texts of the policy beside texts of the SFT model, or of other writers.

    Attributes:
        policy: Single votes for the policy's text; ``sft`` for the other one.
        tie: Votes that both are equal; ``both_bad``: equally bad. Neither is decided.
        pairs: Pairs that people decided for the policy, and for the SFT model; ``None``: one vote a pair.
    """

    policy: int = 0
    sft: int = 0
    tie: int = 0
    both_bad: int = 0
    pairs: tuple[int, int] | None = None

    @property
    def decided(self) -> int:
        """Votes for either text."""
        return self.policy + self.sft

    @property
    def share(self) -> Interval | Undefined:
        """Of pairs that people decided, those for the policy: votes on one pair lean on each other."""
        policy, sft = self.pairs if self.pairs is not None else (self.policy, self.sft)
        return wilson(policy, policy + sft)


def judged(report: Mapping[str, Any], votes: Votes | None = None) -> list[Rule]:
    """All rules for a report of `vitrina.policy.evaluation.judge`."""
    return list(_rules(report, votes))


def judged_sft(manifest: Mapping[str, Any]) -> list[Rule]:
    """Whether a model taught by examples learned anything: on its validation fold it is surer than half of a guess."""
    best = min(epoch["loss_per_token"] for epoch in manifest["history"])
    bound = log(manifest["vocabulary"]) / 2
    return [Rule("learned", best < bound, best, f"below {bound:.2f} nats per token on the validation fold")]


def _rules(report: Mapping[str, Any], votes: Votes | None) -> Iterator[Rule]:
    policy, sft = report["writers"]["policy"], report["writers"]["sft"]
    decided, leaked = float(policy["judge_win"]["n"]), float(report["leaked"])
    needed = f"{MIN_PROMPTS} held-out prompts at least that the judge tells apart"
    yield Rule("enough_prompts", decided >= MIN_PROMPTS, decided, needed)
    yield Rule("nothing_leaked", leaked == 0, leaked, "no held-out prompt was trained on")
    low = policy["judge_win"]["low"]
    needed = "the judge prefers it to SFT on more than half of the prompts (lower bound)"
    yield Rule("beats_sft", low is not None and low > 0.5, low, needed)
    kl = (report["kl_per_token"] or {}).get("mean")
    needed = f"at most {MAX_KL} nats per token from SFT"
    yield Rule("near_to_sft", kl is not None and kl <= MAX_KL, kl, needed)
    ratio, (least, most) = report["length_ratio"], LENGTH_RATIO
    yield Rule("length", least <= ratio <= most, ratio, f"{least} to {most} times as long as SFT")
    yield _at_most("not_cut", policy["clipped"]["share"], sft["clipped"]["share"], CLIPPED_TOLERANCE, "texts cut")
    yield _at_most(
        "does_not_repeat", policy["repetition"]["mean"], sft["repetition"]["mean"], REPETITION_TOLERANCE, "repetition"
    )
    share, own = policy["language"]["share"], sft["language"]["share"]
    bound = min(LANGUAGE_SHARE, own or 0.0)
    yield Rule("language", share is not None and share >= bound, share, f"{bound:.2f} of texts as the prompt asks")
    if (rule := preferred(votes)) is not None:
        yield rule


def _at_most(name: str, measured: float | None, own: float | None, tolerance: float, what: str) -> Rule:
    bound = (own or 0.0) + tolerance
    return Rule(name, measured is not None and measured <= bound, measured, f"{what} at most {bound:.3f}")


def preferred(votes: Votes | None) -> Rule | None:
    """The rule over votes; ``None`` while there are fewer than :data:`MIN_VOTES`, which say nothing either way."""
    if votes is None or votes.decided < MIN_VOTES:
        return None
    found = votes.share
    low = found.low if isinstance(found, Interval) else None
    needed = f"people prefer it to SFT in more than half of the pairs (lower bound; {votes.decided} votes)"
    return Rule(PEOPLE, low is not None and low > 0.5, low, needed)


def heard(votes: Votes) -> str:
    """What people said until now and what it decides, in words."""
    said = f"{votes.policy} decided votes for it, {votes.sft} for the SFT model" if votes.decided else "No votes yet"
    if votes.decided >= MIN_VOTES:
        return f"{said}: a rule of the gate."
    return f"{said}; {MIN_VOTES - votes.decided} more make a rule. Until then models alone judge it."


def refuted(votes: Votes) -> bool:
    """Whether enough people said that its texts are the worse ones: the upper bound of its share is below one half."""
    found = votes.share
    return votes.decided >= MIN_VOTES and isinstance(found, Interval) and found.high < 0.5
