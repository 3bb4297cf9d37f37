"""What a dataset is made of: one record a pair, one a labelled text, and one for each that was set aside.

Belongs here: the records, their columns and order. Pure. Stays out: tables, files, rules.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from vitrina.preferences.formats.keys import prompt_group as group_of

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SIDES: Final = (TRAIN, VALIDATION, TEST)
DECIDED: Final = frozenset({"a", "b"})
TIED: Final = frozenset({"tie", "both_bad"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and what people said, in the order of storage.

    Attributes:
        key: Names the preference for ever: ``pair:<id>:<criterion>``, ``edit:<decision>``, ``import:<name>:<row>``.
        origin: ``desk``, or the name of an import.
        outcome: a, b, tie, both_bad or split.
        prompt_group: Of the normalised prompt; rows of one group are on one side.
        votes: One dict a vote: annotator (a pseudonym), choice, shown, flip, decision, guidelines.
    """

    key: str
    source: str
    origin: str
    prompt: str
    prompt_group: str
    text_a: str
    text_b: str
    outcome: str
    product: int | None = None
    criterion: str = ""
    contract: str = ""
    category: str = ""
    language: str = ""
    writer_a: str = ""
    writer_b: str = ""
    margin: float | None = None
    agreement: float | None = None
    probability_a: float | None = None
    probability_tied: float | None = None
    votes_a: int = 0
    votes_b: int = 0
    votes_tied: int = 0
    votes: tuple[dict[str, Any], ...] = ()

    @property
    def decided(self) -> bool:
        """Whether one side was preferred."""
        return self.outcome in DECIDED

    @property
    def keys(self) -> tuple[str, ...]:
        """What ties rows to one side of the split."""
        return split_keys(self.prompt_group, self.prompt, self.product)


@dataclass(frozen=True, slots=True)
class Label:
    """One text that a person approved (``good``) or rejected, without another beside it."""

    key: str
    prompt: str
    prompt_group: str
    text: str
    good: bool
    reasons: tuple[str, ...] = ()
    annotator: str = ""
    decision: int = 0
    product: int | None = None
    category: str = ""
    language: str = ""
    writer: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """As of :class:`Pair`."""
        return split_keys(self.prompt_group, self.prompt, self.product)


@dataclass(frozen=True, slots=True)
class Aside:
    """A preference that is not in the dataset, and why. It stays where it is, and is looked at anew each time."""

    key: str
    reason: str
    detail: str = ""


@dataclass(slots=True)
class Sorted:
    """What validation left: every row given is in exactly one of these."""

    pairs: list[Pair] = field(default_factory=list)
    ties: list[Pair] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)

    @property
    def reasons(self) -> dict[str, int]:
        """How many were set aside, by reason."""
        return dict(sorted(Counter(one.reason for one in self.aside).items()))


def split_keys(prompt_group: str, prompt: str, product: int | None) -> tuple[str, ...]:
    """``prompt:<group>``, the same of the prompt itself where a file names groups of its own, and ``product:<id>``.

    Files may give one prompt to two groups, and a group many prompts.
    """
    keys = dict.fromkeys((f"prompt:{prompt_group}", prompt_key(prompt)))
    return (*keys, f"product:{product}") if product is not None else tuple(keys)


def prompt_key(prompt: str) -> str:
    """The split key of a prompt by what it says."""
    return f"prompt:{group_of(prompt)}"


def pair_record(pair: Pair, side: str) -> dict[str, Any]:
    """A decided pair as its row in a file: ``prompt``, ``chosen``, ``rejected`` as trainers expect, then provenance."""
    first = pair.outcome == "a"
    chosen, rejected = (pair.text_a, pair.text_b) if first else (pair.text_b, pair.text_a)
    writers = (pair.writer_a, pair.writer_b) if first else (pair.writer_b, pair.writer_a)
    probability = pair.probability_a
    if probability is not None and not first:
        probability = round(1 - probability - (pair.probability_tied or 0.0), 4)
    return {
        "prompt": pair.prompt,
        "chosen": chosen,
        "rejected": rejected,
        "margin": pair.margin,
        "agreement": pair.agreement,
        "probability": probability,
        "votes_for": pair.votes_a if first else pair.votes_b,
        "votes_against": pair.votes_b if first else pair.votes_a,
        "votes_tied": pair.votes_tied,
        "writer_chosen": writers[0],
        "writer_rejected": writers[1],
        "chosen_is_a": first,
        "chosen_characters": len(chosen),
        "rejected_characters": len(rejected),
        **_provenance(pair, side),
    }


def tie_record(pair: Pair, side: str) -> dict[str, Any]:
    """A tie as its row: both texts, and a label of each where people gave one (both bad)."""
    label = False if pair.outcome == "both_bad" else None
    return {
        "prompt": pair.prompt,
        "text_a": pair.text_a,
        "text_b": pair.text_b,
        "outcome": pair.outcome,
        "label_a": label,
        "label_b": label,
        "agreement": pair.agreement,
        "writer_a": pair.writer_a,
        "writer_b": pair.writer_b,
        **_provenance(pair, side),
    }


def label_record(label: Label, side: str) -> dict[str, Any]:
    """A labelled text as its row."""
    return {
        "prompt": label.prompt,
        "text": label.text,
        "label": label.good,
        "reasons": list(label.reasons),
        "annotator": label.annotator,
        "decision": label.decision,
        "writer": label.writer,
        "key": label.key,
        "product": label.product,
        "category": label.category,
        "language": label.language,
        "prompt_group": label.prompt_group,
        "side": side,
    }


def _provenance(pair: Pair, side: str) -> dict[str, Any]:
    guidelines = sorted({str(vote.get("guidelines") or "") for vote in pair.votes} - {""})
    return {
        "key": pair.key,
        "source": pair.source,
        "origin": pair.origin,
        "criterion": pair.criterion,
        "contract": pair.contract,
        "category": pair.category,
        "language": pair.language,
        "product": pair.product,
        "prompt_group": pair.prompt_group,
        "guidelines": guidelines,
        "annotators": [str(vote.get("annotator", "")) for vote in pair.votes],
        "decisions": [int(vote["decision"]) for vote in pair.votes if vote.get("decision")],
        "flips": [bool(vote["flip"]) for vote in pair.votes if vote.get("flip") is not None],
        "side": side,
    }
