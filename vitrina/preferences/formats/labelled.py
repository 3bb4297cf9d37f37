"""Files with two or more answers and a label: our own, PandaLM, qa-feedback and LLMBar.

What belongs here: reading one record of these formats. What stays out: files that say chosen and rejected (`chosen`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

import vitrina.preferences.formats.fields as fields
from vitrina.preferences.formats.fields import Record
from vitrina.preferences.formats.rows import Choice, PreferenceRow, Reason, Unusable, Vote, majority

_WORDS: Mapping[str, Choice] = {
    "a": Choice.A,
    "1": Choice.A,
    "b": Choice.B,
    "2": Choice.B,
    "0": Choice.TIE,
    "tie": Choice.TIE,
    "both_bad": Choice.BOTH_BAD,
    "split": Choice.SPLIT,
    "response_a": Choice.A,
    "response_b": Choice.B,
    "output_1": Choice.A,
    "output_2": Choice.B,
    "model_a": Choice.A,
    "model_b": Choice.B,
    "equal": Choice.TIE,
    "draw": Choice.TIE,
    "both bad": Choice.BOTH_BAD,
    "tie (bothbad)": Choice.BOTH_BAD,
}
#: With fewer labels, that none is 2 may be chance.
_LABELS_TO_JUDGE = 20
_ANNOTATOR = re.compile(r"annotator_?(\d+)", re.IGNORECASE)


def choice_of(value: Any) -> Choice:
    """``a``, ``b``, ``tie``, ``both_bad``, ``split``; 1, 2 and 0 in files of numbers.

    Raises:
        Unusable: anything else, truth values too.
    """
    if not isinstance(value, bool) and isinstance(value, str | int | float):
        word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if (found := _WORDS.get(word.strip().lower())) is not None:
            return found
    message = f"{str(value)[:40]!r} is not a choice, which are a, b, tie and both_bad, or 1, 2 and 0."
    raise Unusable(Reason.UNKNOWN_CHOICE, message)


def ambiguous_labels(records: Iterable[Record]) -> str | None:
    """A column of labels 0 and 1 (or 0.5) and never 2: whether 0 is a tie or the second side is not to be told.

    Returns:
        The name of the column; None where all is clear, or too few rows say so.
    """
    for name in ("preferred", "label"):
        found = [str(record[name]).strip() for record in records if record.get(name) is not None]
        labels = {label.removesuffix(".0") for label in found}
        if len(found) >= _LABELS_TO_JUDGE and "1" in labels and labels & {"0", "0.5"} and labels <= {"0", "0.5", "1"}:
            return name
    return None


def is_ours(record: Record) -> bool:
    """Whether this is a record of our own: both answers, and `preferred` or `votes`."""
    return fields.has(record, "prompt", "response_a", "response_b") and ("preferred" in record or "votes" in record)


def read_ours(record: Record) -> Iterator[PreferenceRow]:
    """`prompt, response_a, response_b, preferred` (a, b, tie, both_bad); optionally `votes` as a list of
    ``{"annotator": …, "choice": …}`` (or of choices alone, or annotator → choice), `group`, `subset`, `category`,
    `language`, `margin`, `id`.

    Raises:
        Unusable: no text, an empty text, or an unknown choice.
    """
    a, b = fields.answers(record, "response_a", "response_b")
    votes = tuple(_votes(record.get("votes")))
    preferred = record.get("preferred")
    yield PreferenceRow(
        prompt=fields.prompt(record, "prompt"),
        a=a,
        b=b,
        choice=majority(votes) if preferred is None and votes else choice_of(preferred),
        votes=votes,
        group=fields.optional_text(record, "group", "prompt_group") or "",
        item=fields.optional_text(record, "item") or "",
        subset=fields.optional_text(record, "subset"),
        category=fields.optional_text(record, "category"),
        language=fields.optional_language(record),
        margin=fields.optional_number(record, "margin"),
        row_id=fields.optional_text(record, "id"),
    )


def _votes(value: Any) -> Iterator[Vote]:
    if value is None:
        return
    if isinstance(value, dict):
        value = [{"annotator": name, "choice": choice} for name, choice in value.items() if choice is not None]
    if not isinstance(value, list):
        raise Unusable(Reason.UNKNOWN_CHOICE, "The field votes is neither a list nor an object.")
    for number, vote in enumerate(value, 1):
        if isinstance(vote, dict):
            yield Vote(fields.optional_text(vote, "annotator") or str(number), choice_of(vote.get("choice")))
        else:
            yield Vote(str(number), choice_of(vote))


def is_pandalm(record: Record) -> bool:
    """Whether this is a record of PandaLM's test set."""
    return fields.has(record, "instruction", "response1", "response2") and any(map(_ANNOTATOR.fullmatch, record))


def read_pandalm(record: Record) -> Iterator[PreferenceRow]:
    """Two answers to an instruction (with its input, if any), and a label by each annotator: 1, 2, or 0 for a tie.

    Raises:
        Unusable: no text, an empty text, an unknown label, or nobody's label.
    """
    a, b = fields.answers(record, "response1", "response2")
    asked = [record["instruction"], record.get("input") or ""]
    if not all(isinstance(text, str) for text in asked):
        raise Unusable(Reason.NOT_TEXT, "The instruction or its input is not text.")
    # Published rows have an instruction without a word, and stand in the published agreement figures
    prompt = "\n\n".join(text for text in asked if text.strip())
    named = sorted((int(found[1]), name) for name in record if (found := _ANNOTATOR.fullmatch(name)))
    votes = tuple(Vote(f"annotator{n}", choice_of(record[name])) for n, name in named if record[name] is not None)
    if not votes:
        raise Unusable(Reason.UNKNOWN_CHOICE, "No annotator gave a label.")
    yield PreferenceRow(
        prompt=prompt,
        a=a,
        b=b,
        choice=majority(votes),
        votes=votes,
        subset=fields.optional_text(record, "subset"),
        category=fields.optional_text(record, "motivation_app"),
        row_id=fields.optional_text(record, "idx"),
        extra={"systems": fields.optional_text(record, "cmp_key")},
    )


def _prediction(record: Record, number: int) -> Any:
    return fields.value(record, f"prediction_{number}", f"prediction {number}")


def is_qa_feedback(record: Record) -> bool:
    """Whether this is a record of qa-feedback: numbered predictions and a list of comparisons."""
    numbered = "prediction_1" in record or "prediction 1" in record
    return "question" in record and numbered and isinstance(record.get("preference"), list)


def read_qa_feedback(record: Record) -> Iterator[PreferenceRow | Unusable]:
    """Every two of the predictions, in the order 1-2 1-3 … 3-4; each label 1 (first), 2 (second) or 0 (tie).

    A prediction that cannot be used costs the comparisons it is in, and no others.

    Raises:
        Unusable: the number of labels does not fit the number of predictions, or there is no question.
    """
    question = fields.prompt(record, "question")
    labels = fields.value(record, "preference")
    if not isinstance(labels, list):
        raise Unusable(Reason.UNKNOWN_CHOICE, f"The field preference is {type(labels).__name__}, not a list.")
    size = next((n for n in range(2, 100) if n * (n - 1) // 2 == len(labels)), None)
    if size is None:
        raise Unusable(Reason.UNKNOWN_CHOICE, f"{len(labels)} labels compare no whole number of predictions.")
    texts = [_prediction(record, number) for number in range(1, size + 1)]
    for (first, second), label in zip(combinations(range(size), 2), labels, strict=True):
        try:
            yield PreferenceRow(
                prompt=question,
                a=fields.answer(texts[first], f"prediction_{first + 1}"),
                b=fields.answer(texts[second], f"prediction_{second + 1}"),
                choice=choice_of(label),
                row_id=fields.optional_text(record, "source_row", "sample_id"),
                extra={"slots": (first + 1, second + 1)},
            )
        except Unusable as error:
            yield error


def is_llmbar(record: Record) -> bool:
    """Whether this is a record of LLMBar."""
    return fields.has(record, "input", "output_1", "output_2", "label")


def read_llmbar(record: Record) -> Iterator[PreferenceRow]:
    """Two outputs for one input, and an expert's label: 1 or 2.

    Raises:
        Unusable: no text, an empty text, or an unknown label.
    """
    a, b = fields.answers(record, "output_1", "output_2")
    yield PreferenceRow(
        prompt=fields.prompt(record, "input"),
        a=a,
        b=b,
        choice=choice_of(record["label"]),
        subset=fields.optional_text(record, "subset"),
        row_id=fields.optional_text(record, "source_row", "id"),
    )
