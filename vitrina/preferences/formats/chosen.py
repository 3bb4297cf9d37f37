"""Files that name a chosen and a rejected answer: RewardBench and its kin, and whole transcripts as in hh-rlhf.

What belongs here: reading one record of these formats. What stays out: files with two sides and a label (`labelled`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import vitrina.preferences.formats.fields as fields
from vitrina.preferences.formats.fields import Record
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.formats.rows import Choice, PreferenceRow, Reason, Unusable

_ASSISTANT = "\n\nAssistant:"
_HUMAN = "\n\nHuman:"
#: Chosen times rejected answers of one prompt. RewardBench 2 has at most 26 x 10 in its ties.
MAX_PAIRS_PER_ROW = 1_000


def is_transcript(record: Record) -> bool:
    """Whether this is a record of hh-rlhf: two whole dialogues, and no prompt."""
    sides = [record.get("chosen"), record.get("rejected")]
    return (
        "prompt" not in record
        and all(isinstance(side, str) for side in sides)
        and any(_ASSISTANT in str(side) for side in sides)
    )


def read_transcript(record: Record) -> Iterator[PreferenceRow]:
    """The prompt of hh-rlhf is implicit: all up to and including the last ``Assistant:``, equal on both sides.

    Raises:
        Unusable: no such mark, unequal prompts, or an answer that is empty or not text.
    """
    sides = fields.answers(record, "chosen", "rejected")
    if any(_ASSISTANT not in side for side in sides):
        raise Unusable(Reason.NO_PROMPT_MARK, "A side has no `Assistant:` turn.")
    (prompt, a), (other, b) = (side.rsplit(_ASSISTANT, 1) for side in sides)
    if prompt != other:
        raise Unusable(Reason.UNEQUAL_PROMPTS, "The two sides answer different prompts.")
    for name, text in (("chosen", a), ("rejected", b)):
        fields.answer(text, name)
    # Dialogues that begin alike are one group, however they go on
    first = prompt.split(_HUMAN, 2)[1] if _HUMAN in prompt else prompt
    yield PreferenceRow(
        prompt=(prompt + _ASSISTANT).strip(),
        a=a.strip(),
        b=b.strip(),
        choice=Choice.A,
        group=prompt_group(first.split(_ASSISTANT, 1)[0]),
        subset=fields.optional_text(record, "subset"),
        row_id=fields.optional_text(record, "id", "source_row"),
        sides_shown=False,
    )


def is_explicit(record: Record) -> bool:
    """Whether the record has a prompt (or a conversation), a chosen and a rejected side."""
    if not fields.has(record, "chosen", "rejected"):
        return False
    return "prompt" in record or fields.messages(record["chosen"]) is not None


def read_explicit(record: Record) -> Iterator[PreferenceRow]:
    """One row for each chosen and each rejected answer: best-of-n files list several.

    Raises:
        Unusable: unequal prompts of two conversations, no text, an empty answer, or too many pairs.
    """
    asked, chosen = _sides(record, "chosen")
    asked_too, rejected = _sides(record, "rejected")
    prompt = _prompt(record, asked, asked_too)
    if len(chosen) * len(rejected) > MAX_PAIRS_PER_ROW:
        raise Unusable(Reason.TOO_MANY_PAIRS, f"{len(chosen)} chosen times {len(rejected)} rejected answers.")
    for good in chosen:
        for bad in rejected:
            yield PreferenceRow(
                prompt=prompt,
                a=good,
                b=bad,
                choice=Choice.A,
                group=fields.optional_text(record, "group", "prompt_group") or "",
                subset=fields.optional_text(record, "subset"),
                category=fields.optional_text(record, "category"),
                language=fields.optional_language(record),
                margin=_margin(record),
                row_id=fields.optional_text(record, "id"),
                sides_shown=False,
                extra={"chosen_answers": len(chosen), "rejected_answers": len(rejected)},
            )


def _margin(record: Record) -> float | None:
    """The file's own, or the difference of two scores."""
    scores = [fields.optional_number(record, name) for name in ("score_chosen", "score_rejected")]
    if "margin" in record or None in scores:
        return fields.optional_number(record, "margin")
    return float(scores[0] - scores[1])  # type: ignore[operator]


def _sides(record: Record, name: str) -> tuple[str | None, list[str]]:
    """What was asked, where the side is a conversation, and the answers of the side."""
    side: Any = fields.value(record, name)
    if (turns := fields.messages(side)) is not None:
        return fields.transcript(turns[:-1]) if turns[:-1] else None, [fields.answer(turns[-1]["content"], name)]
    if isinstance(side, list):
        if not side:
            raise Unusable(Reason.EMPTY_ANSWER, f"The field {name} is an empty list.")
        return None, [fields.answer(text, name) for text in side]
    return None, [fields.answer(side, name)]


def _prompt(record: Record, asked: str | None, asked_too: str | None) -> str:
    if asked != asked_too:
        raise Unusable(Reason.UNEQUAL_PROMPTS, "The two conversations differ before the last answer.")
    if "prompt" not in record:
        if asked is None:
            raise Unusable(Reason.MISSING_FIELD, "The field prompt is missing.")
        return asked
    if (turns := fields.messages(record["prompt"])) is not None:
        return fields.transcript(turns)
    return fields.prompt(record, "prompt")
