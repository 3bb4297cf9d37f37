"""Made-up annotators: how each comes from the rubric's points to an answer.

Belongs here: noise, habits and carelessness of people, as pure functions of a seed. Stays out: the rubric (``rubric``),
the way to the desk (``voting``).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simulation.rubric import score

Side = Literal["left", "right", "tie"]


@dataclass(frozen=True, slots=True)
class Annotator:
    """A person who compares.

    Attributes:
        noise: Points of the rubric that the person's feeling is off by (scale of a logistic); the larger, the worse.
        left: Points that the left text gets for standing on the left.
        indifference: Smaller differences are a tie.
        careless: Answers by chance, without reading.
    """

    name: str
    noise: float = 0.6
    left: float = 0.0
    indifference: float = 0.15
    careless: bool = False

    @property
    def email(self) -> str:
        """The account's address."""
        return f"{self.name}@people.example"

    def answer(self, facts: Mapping[str, str], left: str, right: str, *, seed: object) -> Side:
        """Which text this person calls the better one; the same seed and texts, the same answer."""
        draw = random.Random(f"{self.name}/{seed}/{left}/{right}")  # noqa: S311
        if self.careless:
            return draw.choice(("left", "right", "left", "right", "tie"))
        felt = score(facts, left) - score(facts, right) + self.left + self.noise * _logistic(draw)
        if abs(felt) < self.indifference:
            return "tie"
        return "left" if felt > 0 else "right"


def _logistic(draw: random.Random) -> float:
    chance = min(max(draw.random(), 1e-9), 1 - 1e-9)
    return math.log(chance / (1 - chance))


#: Ten people: careful ones and tired ones, two who lean to a side, and one who does not read.
PEOPLE: Sequence[Annotator] = (
    Annotator("anna", noise=0.35),
    Annotator("boris", noise=0.5),
    Annotator("vera", noise=0.5),
    Annotator("galina", noise=0.6),
    Annotator("denis", noise=0.7, left=0.4),
    Annotator("elena", noise=0.6, indifference=0.4),
    Annotator("zhanna", noise=0.8),
    Annotator("igor", noise=0.9, left=-0.3),
    Annotator("ksenia", noise=1.1),
    Annotator("leonid", careless=True),
)
