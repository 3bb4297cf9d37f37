"""Decided pairs, as training and evaluation need them.

What belongs here: picking the decided rows, the errors for data that cannot be trained on, and margins. What stays out:
reading files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from vitrina.errors import PermanentError
from vitrina.preferences.formats import Loaded, PreferenceRow

if TYPE_CHECKING:
    from collections.abc import Iterable

Floats = npt.NDArray[np.float64]

#: Below this nothing but noise is learned: with 100 pairs the interval of an accuracy is about 19 points wide.
MIN_PAIRS = 100
#: Prompt groups, so that each fold has several.
MIN_GROUPS = 10


class Scorer(Protocol):
    """Anything that gives a number to an answer."""

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        """One number for each answer, higher is better; both sequences have the same length."""
        ...


def trainable(loaded: Loaded) -> list[PreferenceRow]:
    """The decided rows.

    Raises:
        PermanentError: too few of them (says how many are missing), none decided, or too few prompts.
    """
    rows = loaded.decided
    counts = ", ".join(f"{count} {name}" for name, count in loaded.choices.items() if name not in "ab" and count)
    aside = f" {loaded.faults}" if loaded.set_aside else ""
    if not rows and loaded.rows:
        raise PermanentError(
            f"None of {len(loaded.rows)} pairs is decided ({counts}).{aside}",
            hint="A reward model learns from pairs in which one side was preferred.",
        )
    if len(rows) < MIN_PAIRS:
        rest = f" of {len(loaded.rows)} ({counts})" if counts else ""
        raise PermanentError(
            f"{len(rows)} decided pairs{rest} are too few: {MIN_PAIRS - len(rows)} more are needed.{aside}",
            hint=f"At least {MIN_PAIRS} are needed; from about 500 on the figures mean something.",
        )
    if (groups := len({row.group for row in rows})) < MIN_GROUPS:
        raise PermanentError(
            f"The pairs have {groups} different prompts; {MIN_GROUPS - groups} more are needed.",
            hint="Folds are cut by prompt, so that no prompt is both learned from and tested on.",
        )
    return rows


def margins(scorer: Scorer, rows: Sequence[PreferenceRow]) -> Floats:
    """Score of the chosen answer minus score of the rejected one, for each decided row.

    Each different answer is scored once, so that swapping the sides negates the margin exactly.
    """
    texts: dict[tuple[str, str], int] = {}
    index = [[texts.setdefault((row.prompt, side), len(texts)) for side in (row.chosen, row.rejected)] for row in rows]
    if not rows:
        return np.zeros(0)
    scored = scorer.scores([prompt for prompt, _ in texts], [answer for _, answer in texts])
    both = scored[np.asarray(index)]
    return np.asarray(both[:, 0] - both[:, 1])


def data_version(rows: Iterable[PreferenceRow]) -> str:
    """Content hash (hex sha256) of pairs, whatever their order: prompt, both sides and the choice."""
    digests = sorted(
        hashlib.sha256(
            b"\0".join(part.encode("utf-8", "surrogatepass") for part in (row.prompt, row.a, row.b, row.choice))
        ).digest()
        for row in rows
    )
    return hashlib.sha256(b"".join(digests)).hexdigest()
