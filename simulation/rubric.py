"""What makes a short card useful, written down: the made-up annotators judge by it, and the demo measures by it.

Nothing in the platform knows these rules: it sees votes alone. A text is judged from what the desk shows, the facts and
the text. In points:

- a concrete attribute that is true: +1 each, up to six;
- an attribute that the facts do not have: -1.5 each, three at most;
- praise instead of facts ("отличный выбор"): -1 each, three at most;
- a bare label ("Цвет: синий.") instead of a sentence: the first is free, then -0.4 each, -1.6 at most;
- shorter than 160 or longer than 380 characters: -2;
- the same thing said twice: -1;
- not in Russian: -3; not a whole sentence at the end: -1.

Belongs here: the rules and the points. Stays out: noise and habits of people (``annotators``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache

from simulation.vocabulary import GLOSSARY

SHORTEST, LONGEST = 160, 380
MOST_TRUE, MOST_FALSE, MOST_PRAISE = 6, 3, 3
_PRAISE = (
    "отличн", "прекрасн", "замечательн", "идеальн", "превосходн", "великолепн", "самы[йея]", "лучш", "уникальн",
    "хит продаж", "незаменим", "порадует", "понравится", "высоко(?:е|го) качеств", "приятн", "удачн", "достойн",
    "не пожалеете", "успейте", "рекоменду", "стильн", "удобн",
)  # fmt: skip
_AMOUNT = re.compile(r"(\d+)\s*(мл|ml)\b")
_LABELLED = re.compile(r"(?:^|[.!?]\s+)[А-ЯЁ][^.!?:]{1,40}:\s[^.!?]*")
_LETTER = re.compile(r"[^\W\d_]")
_RUSSIAN = re.compile(r"[а-яё]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules found in one text; points add up to :attr:`score`."""

    true: int
    false: int
    praise: int
    labels: int
    wrong_length: bool
    repeated: bool
    foreign: bool
    cut_off: bool

    @property
    def score(self) -> float:
        """Points, about -8 to 6."""
        return (
            min(self.true, MOST_TRUE) - 1.5 * min(self.false, MOST_FALSE) - min(self.praise, MOST_PRAISE)
            - 0.4 * min(max(self.labels - 1, 0), 4) - 2.0 * self.wrong_length - self.repeated
            - 3.0 * self.foreign - self.cut_off
        )  # fmt: skip

    def as_dict(self) -> dict[str, float]:
        """For tables."""
        return {**{name: float(value) for name, value in asdict(self).items()}, "score": self.score}


def judge(facts: Mapping[str, str], text: str) -> Judgement:
    """Judge one text.

    Args:
        facts: Label → value as the desk shows them, in Russian or Turkish.
        text: The card.
    """
    source, said = _fold(" ; ".join(facts.values())), _fold(text)
    known, stated = _attributes(source, said=False), _attributes(said, said=True)
    letters = len(_LETTER.findall(text))
    return Judgement(
        true=len(stated & known) + _amounts(said, source) + _sizes(facts, text),
        false=len(stated - known),
        praise=sum(bool(found.search(said)) for found in _patterns(_PRAISE)),
        labels=len(_LABELLED.findall(text)),
        wrong_length=not SHORTEST <= len(text) <= LONGEST,
        repeated=_repeats(said),
        foreign=not letters or len(_RUSSIAN.findall(text)) < 0.6 * letters,
        cut_off=not text.rstrip().endswith((".", "!", "?", "…")),
    )


def score(facts: Mapping[str, str], text: str) -> float:
    """Points of one text."""
    return judge(facts, text).score


def _fold(text: str) -> str:
    # "I" of a Turkish word in capitals is "ı"; the sources write small letters but for noise, so both are tried
    return f" {text.casefold().replace('i̇', 'i')} "


@cache
def _patterns(stems: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?<!\w){stem}") for stem in stems)


def _attributes(text: str, *, said: bool) -> frozenset[tuple[str, str]]:
    """The values of the glossary that a text names, or that facts have."""
    return frozenset(
        (kind, value.ru)
        for kind, values in GLOSSARY.items()
        for value in values
        if any(found.search(text) for found in _patterns(value.said if said else value.known))
    )


def _amounts(said: str, source: str) -> int:
    """1 for the right amount of a package."""
    told = {number for number, _ in _AMOUNT.findall(said)}
    return int(bool(told & {number for number, _ in _AMOUNT.findall(source)}))


def _sizes(facts: Mapping[str, str], text: str) -> int:
    """1 for the sizes, as the facts have them."""
    squeezed = re.sub(r"\s", "", text)
    return int(any(re.sub(r"\s", "", facts[label]) in squeezed for label in ("Размеры", "Beden") if facts.get(label)))


def _repeats(said: str) -> bool:
    """Whether a run of four words comes twice."""
    words = re.findall(r"\w+", said)
    runs = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return len(set(runs)) < len(runs)
