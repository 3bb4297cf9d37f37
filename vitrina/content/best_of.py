"""Best of n: which of several texts for one prompt is kept.

Belongs here: the choice alone, over plain values. Stays out: who writes, who scores, tables. A scorer that fails never
stops the work: the first text that is fit is taken then, and the choice says why.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_log = logging.getLogger(__name__)

#: Why a choice was made without scores.
NO_SCORER = "no reward model was there to choose"
ALONE = "there was nothing to choose between"


class TextScorer(Protocol):
    """A reward model, as choosing needs it."""

    @property
    def model_id(self) -> str:
        """Hash of its weights."""
        ...

    @property
    def kind(self) -> str:
        """linear, transformer or ensemble."""
        ...

    def scores(self, prompts: Sequence[str], texts: Sequence[str]) -> Sequence[float]:
        """A number for each text; higher is better, comparable among texts of one prompt."""
        ...


@dataclass(frozen=True, slots=True)
class Option:
    """A text that may be chosen.

    Attributes:
        text: As reward models were trained on it: without markup.
        fit: Whether it keeps its contract and the facts; what is not fit loses to what is, whatever its score.
    """

    prompt: str
    text: str
    fit: bool = True


@dataclass(frozen=True, slots=True)
class Pick:
    """The choice among the options of one prompt.

    Attributes:
        place: Of the chosen option.
        scores: One for each option, ``None`` where nothing scored them.
        why: Why no scorer chose; empty when one did.
    """

    place: int
    scores: tuple[float | None, ...]
    why: str = ""

    @property
    def uplift(self) -> float | None:
        """Score of the chosen minus the mean of all; ``None`` without scores."""
        known = [score for score in self.scores if score is not None]
        if self.why or len(known) < len(self.scores) or not known:
            return None
        chosen = known[self.place]
        return chosen - sum(known) / len(known)


def pick(groups: Sequence[Sequence[Option]], scorer: TextScorer | None) -> list[Pick]:
    """Choose one option of each group; all texts are scored in one call.

    Args:
        groups: Options of one prompt each, in the order of their samples; none empty.
        scorer: ``None`` takes the first fit option.
    """
    flat = [option for group in groups if len(group) > 1 for option in group]
    scores: list[float] | None = None
    why = NO_SCORER
    if scorer is not None and flat:
        try:
            scores = _scored(flat, scorer)
        except Exception as error:  # noqa: BLE001 - whatever a model does, publishing goes on
            _log.warning("the reward model %s could not score: %s", scorer.model_id[:12], error)
            why = f"the reward model {scorer.model_id[:12]} could not score: {error}"
    picks, at = [], 0
    for group in groups:
        first_fit = next((place for place, option in enumerate(group) if option.fit), 0)
        if len(group) == 1:
            picks.append(Pick(0, (None,), ALONE))
            continue
        if scores is None:
            picks.append(Pick(first_fit, (None,) * len(group), why))
        else:
            own = scores[at : at + len(group)]
            # max() keeps the first of equals: the choice does not depend on anything but texts and scores.
            place = max(range(len(group)), key=lambda n: (group[n].fit, own[n]))
            picks.append(Pick(place, tuple(own)))
        at += len(group)
    return picks


def _scored(options: Sequence[Option], scorer: TextScorer) -> list[float]:
    """The scores of options.

    Raises:
        ValueError: Not one finite number for each.
    """
    found = [float(score) for score in scorer.scores([o.prompt for o in options], [o.text for o in options])]
    if len(found) != len(options) or not all(map(math.isfinite, found)):
        raise ValueError(f"{len(found)} scores for {len(options)} texts, or some that are no numbers")
    return found
