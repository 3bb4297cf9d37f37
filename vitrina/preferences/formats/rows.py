"""What every preference file becomes: a compared pair, or a row that was set aside and why.

What belongs here: the two frozen records and the words for choices and reasons. What stays out: any file format, and
what a dataset does with rows later (duplicates, contradictions and splits are its business).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from vitrina.preferences.formats.keys import prompt_group

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Choice(StrEnum):
    """What people said about a pair. Only `A` and `B` are decisions; the others are kept apart, never coin-flipped."""

    A = "a"
    B = "b"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    #: Several people, and no answer that more of them gave than any other.
    SPLIT = "split"


class Reason(StrEnum):
    """Why a row cannot be used. The words are stored and counted, so they do not change."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LONG_LINE = "too_long_line"
    TOO_DEEP = "too_deep"
    FILE_ENDS_EARLY = "file_ends_early"
    WRONG_COLUMNS = "wrong_columns"
    MISSING_FIELD = "missing_field"
    NOT_TEXT = "not_text"
    EMPTY_ANSWER = "empty_answer"
    EMPTY_PROMPT = "empty_prompt"
    UNEQUAL_PROMPTS = "unequal_prompts"
    NO_PROMPT_MARK = "no_prompt_mark"
    UNKNOWN_CHOICE = "unknown_choice"
    TOO_MANY_PAIRS = "too_many_pairs"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's answer about one pair, in terms of the stored sides."""

    annotator: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """Two answers to one prompt, and which one people preferred.

    Attributes:
        prompt: What both answers answer; may be a whole dialogue.
        a: First answer, as stored in the file.
        b: Second answer.
        choice: The majority of `votes`, or the file's own label.
        votes: One for each annotator; empty where the file has no annotators.
        group: Key of the normalised prompt. Rows of one group belong on one side of any split.
        item: Rows that rank the same set of answers share it (six comparisons of four answers; one chosen answer
            against three rejected ones). Unique in its file.
        sides_shown: Whether `a` and `b` are in the order in which people saw them. False for files that only say
            chosen and rejected: nothing about position can be learned from them.
        margin: How much better, where the file says so; in the file's own units.
        source: Name of the format.
        file: Name of the file, without its folder.
        file_number: Which of the files that were loaded together, from 1: two may have one name.
        line: Line in it, from 1 (in a JSON array: number of the element).
        row_id: The row's own identifier, if it has one.
    """

    prompt: str
    a: str
    b: str
    choice: Choice
    votes: tuple[Vote, ...] = ()
    group: str = ""
    item: str = ""
    subset: str | None = None
    category: str | None = None
    language: str | None = None
    margin: float | None = None
    sides_shown: bool = True
    source: str = ""
    file: str = ""
    file_number: int = 0
    line: int = 0
    row_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", prompt_group(self.prompt))

    @property
    def decided(self) -> bool:
        """Whether one side was preferred."""
        return self.choice in (Choice.A, Choice.B)

    @property
    def chosen(self) -> str:
        """The preferred answer.

        Raises:
            ValueError: the pair is not decided.
        """
        return self._side(Choice.A)

    @property
    def rejected(self) -> str:
        """The other answer.

        Raises:
            ValueError: the pair is not decided.
        """
        return self._side(Choice.B)

    def _side(self, when: Choice) -> str:
        if not self.decided:
            raise ValueError(f"A pair with choice {self.choice} has neither a chosen nor a rejected answer.")
        return self.a if self.choice is when else self.b


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row, or one comparison of a row, that is not used.

    Attributes:
        reason: One word of `Reason`.
        message: What exactly is wrong, for a person.
        excerpt: The first characters of the row as it stands in the file.
    """

    reason: Reason
    message: str
    file: str
    line: int
    row_id: str | None = None
    excerpt: str = ""


class Unusable(Exception):
    """Raised by a reader for a row it cannot use; becomes a `SetAside`."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def majority(votes: Iterable[Vote]) -> Choice:
    """The answer that more people gave than any other, or `Choice.SPLIT`.

    Raises:
        ValueError: there is no vote.
    """
    counted = Counter(vote.choice for vote in votes).most_common(2)
    if not counted:
        raise ValueError("Nobody voted.")
    if len(counted) > 1 and counted[0][1] == counted[1][1]:
        return Choice.SPLIT
    return counted[0][0]
