"""How many tokens calls for a purpose mostly take: running averages of this process, begun from the ledger.

Belongs here: the figures, and what is set aside or predicted by them. Stays out: prices (``vitrina.llm.pricing``),
limits (``vitrina.llm.budget``), sums over many requests (``vitrina.llm.predicting``).

What is set aside must not be less than what a call may cost, or a limit is passed. So where a request names a limit for
its answer, that limit is set aside whatever answers mostly took. The averages serve where there is none, where the
prompt was estimated too low, and for predictions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vitrina.llm.outcomes import Usage

#: Tokens of an answer of which nothing is known.
ANSWER_GUESS = 1_000
_ALPHA = 0.05
#: Before so many calls an average says little about the next call.
_FEW = 20
#: Every call is looked at until here, then one in 16: an average needs no more, and counting tokens takes time.
_ALL_UNTIL, _MASK = 64, 15
#: So many mean deviations above the mean is what a prompt hardly passes; of a normal distribution 1 in 700.
_DEVIATIONS = 4.0
_MOST_RATIO = 10.0
_PEAK_MARGIN, _PEAK_FADES = 1.25, 0.01


@dataclass(slots=True)
class Average:
    """An exponentially weighted mean, the mean deviation from it, and a maximum that fades slowly."""

    count: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    peak: float = 0.0

    def add(self, value: float) -> None:
        """Counts a value; the first ones weigh alike."""
        self.count += 1
        alpha = max(_ALPHA, 1 / self.count)
        change = value - self.mean
        self.mean += alpha * change
        if self.count > 1:
            self.deviation += alpha * (abs(change) - self.deviation)
        self.peak = max(value, self.peak - _PEAK_FADES * (self.peak - self.mean))


class Usual:
    """Averages by purpose and model. Cheap to ask; a lost update of two threads does no harm."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Average] = {}
        self._ratios: dict[tuple[str, str], Average] = {}
        self._calls: dict[tuple[str, str], int] = {}

    def begin(self, rows: Iterable[tuple[str, str, int]]) -> None:
        """Takes purpose, model and tokens of former answers, oldest first."""
        for purpose, model, tokens in rows:
            self.answered(purpose, model, tokens)

    def due(self, purpose: str, model: str) -> bool:
        """Whether the next call of this kind is to be looked at."""
        key = (purpose, model)
        count = self._calls[key] = self._calls.get(key, 0) + 1
        return count <= _ALL_UNTIL or not count & _MASK

    def saw(self, purpose: str, model: str, prompt_estimate: int, usage: Usage) -> None:
        """A call came back. What the server did not count is not learned from."""
        if usage.estimated:
            return
        if usage.completion:
            self.answered(purpose, model, usage.completion)
        if usage.prompt and prompt_estimate:
            self._ratios.setdefault((purpose, model), Average()).add(usage.prompt / prompt_estimate)

    def answered(self, purpose: str, model: str, tokens: int) -> None:
        """An answer had so many tokens."""
        self._answers.setdefault((purpose, model), Average()).add(tokens)

    def set_aside(self, purpose: str, model: str, prompt: int, limit: int | None) -> tuple[int, int]:
        """Tokens of prompt and answer that a call hardly passes; never less than the limit that the request names."""
        ratio = self._ratios.get((purpose, model))
        if ratio is not None and ratio.count >= _FEW:
            high = ratio.mean + _DEVIATIONS * ratio.deviation
            prompt = int(prompt * min(_MOST_RATIO, max(1.0, high))) + 1
        return prompt, limit or self._most(purpose, model)

    def expected(self, purpose: str, model: str, prompt: int, limit: int | None) -> tuple[float, float]:
        """Tokens of prompt and answer that a call takes on average; without any call, what it may take."""
        ratio, answer = self._ratios.get((purpose, model)), self._answers.get((purpose, model))
        mean = float(limit or ANSWER_GUESS) if answer is None else answer.mean
        return prompt * (1.0 if ratio is None else ratio.mean), mean if limit is None else min(mean, float(limit))

    def samples(self, purpose: str, model: str) -> int:
        """Answers that the averages know of."""
        answer = self._answers.get((purpose, model))
        return 0 if answer is None else answer.count

    def _most(self, purpose: str, model: str) -> int:
        answer = self._answers.get((purpose, model))
        if answer is None:
            return ANSWER_GUESS
        high = max(answer.peak, answer.mean + _DEVIATIONS * answer.deviation)
        found = int(_PEAK_MARGIN * high) + 1
        return found if answer.count >= _FEW else max(ANSWER_GUESS, found)
