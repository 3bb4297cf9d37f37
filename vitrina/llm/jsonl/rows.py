"""A line of the file of answers, and what an earlier run's lines mean to the next one.

Belongs here: the form of a line; which lines stay. Stays out: the file (``vitrina.llm.jsonl.answers``).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vitrina.llm.jsonl.answers import AnswerFile, BadAnswers
from vitrina.llm.jsonl.ids import IdIndex
from vitrina.llm.jsonl.requests import BadLine, FileRequest, read_id
from vitrina.llm.outcomes import ChatResult, Outcome

#: Failures that stay: they would end alike, and may cost money again. All others a later run tries by itself.
FINAL = frozenset({Outcome.REFUSAL, Outcome.FILTERED, Outcome.TRUNCATED, Outcome.INVALID})
_TOLD = 3

OPEN, ANSWERED, FAILED = 0, 1, 2


@dataclass(slots=True)
class Resume:
    """What an earlier run left.

    Attributes:
        run_id: Of the run that this file belongs to, from its first line when it has one: its restarts share one
            budget.
        kept: Lines that stay, by status; ``dropped`` are asked again.
        tries: Number of the try by position, where it is not 0.
        failed: Failures that stay, position and status by key: asked anew when a person says so in the ledger.
    """

    run_id: str
    kept: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    tries: dict[int, int] = field(default_factory=dict)
    failed: dict[str, tuple[int, str]] = field(default_factory=dict)


def run_name(out: Path, index: IdIndex) -> str:
    """The run of a file of answers, known before the first of them stands: the same questions into the same file.

    Restarts share a budget by it, also when all that the first run sent was lost.
    """
    place = b"-" if str(out) == "-" else os.fsencode(out.resolve())
    return f"file-{hashlib.blake2b(index.digest() + place, digest_size=8).hexdigest()}"


def answer_row(result: ChatResult, run_id: str) -> dict[str, Any]:
    """The line of a result: ``status`` is ``ok`` or the class of the failure."""
    asked: FileRequest = result.request.context
    row: dict[str, Any] = {
        "id": asked.id,
        "status": str(result.outcome),
        "answer": result.parsed if result.ok else None,
        "model": result.model or asked.model or "",
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.usage.prompt,
        "completion_tokens": result.usage.completion,
        "tokens_estimated": result.usage.estimated,
        "cost_usd": None if result.cost_usd is None else f"{result.cost_usd:f}",
        "cached": result.cached,
        "attempts": result.attempts,
        "repaired": result.repaired,
        "latency_ms": result.latency_ms,
    }
    if not result.ok:
        row |= {"error": result.error or "", "error_class": result.error_class, "text": result.text}
        if result.problems:
            row["problems"] = list(result.problems)
    row |= {"question": asked.digest.hex(), "key": result.key, "run": run_id}
    if result.request.try_no:
        row["try"] = result.request.try_no
    return row


def take_up(
    answers: AnswerFile, index: IdIndex, *, again: frozenset[Outcome] = frozenset(), update: bool = False
) -> Resume:
    """Marks in ``index.state`` what is answered, and takes lines out of the file that are to be asked again.

    Args:
        again: Classes of failure that are tried again although they would not by themselves.
        update: Answers to questions that the request file no longer holds, or holds in another form, are dropped
            instead of refused.

    Raises:
        BadAnswers: The answers are not to these requests; nothing was changed.
        AnswersNotWritten: No room to write the file anew; nothing was changed.
    """
    resume = Resume(run_name(answers.path, index))
    strangers: list[tuple[int, str]] = []
    changed: list[tuple[int, str]] = []
    dropped: set[int] = set()
    for number, row in answers.rows():
        try:
            name, status = str(read_id(row)), Outcome(str(row.get("status")))
            try_no = _try(row)
        except (BadLine, ValueError) as error:
            raise BadAnswers(
                f"Line {number} of {answers.path} is no answer of this command.", hint="Name another file."
            ) from error
        if number == 1 and isinstance(row.get("run"), str):
            resume.run_id = row["run"]
        position = index.position(name)
        if position is None or index.question(position).hex() != row.get("question"):
            (strangers if position is None else changed).append((number, name[:80]))
            dropped.add(number)
            continue
        if index.state[position] != OPEN:
            dropped.add(number)
            continue
        if status in again or status not in (Outcome.OK, *FINAL):
            dropped.add(number)
            resume.dropped += 1
            try_no += status in FINAL
        else:
            index.state[position] = ANSWERED if status is Outcome.OK else FAILED
            resume.kept[str(status)] += 1
            if status is not Outcome.OK and isinstance(row.get("key"), str):
                resume.failed[row["key"]] = position, str(status)
        if try_no:
            resume.tries[position] = try_no
    if (strangers or changed) and not update:
        raise BadAnswers(
            _refusal(answers, strangers, changed), hint="Name another --out, or give --update to drop them."
        )
    if dropped:
        answers.keep(lambda number, _: number not in dropped)
    return resume


def open_again(answers: AnswerFile, index: IdIndex, resume: Resume, due: Collection[str]) -> int:
    """Takes the lines of failures out of the file that a person wants asked anew; how many.

    Args:
        due: Their keys, of those in ``resume.failed``.

    Raises:
        AnswersNotWritten: No room to write the file anew; nothing was changed.
    """
    if due:
        answers.keep(lambda _, row: row.get("key") not in due)
    for key in due:
        position, status = resume.failed.pop(key)
        index.state[position] = OPEN
        resume.kept[status] -= 1
        resume.dropped += 1
    return len(due)


def _try(row: Mapping[str, Any]) -> int:
    number = row.get("try", 0)
    if not isinstance(number, int) or number < 0:
        raise ValueError("'try' is no number")
    return number


def _refusal(answers: AnswerFile, strangers: list[tuple[int, str]], changed: list[tuple[int, str]]) -> str:
    parts = [f"{answers.path} holds answers to other questions:"]
    for found, what in ((strangers, "of ids that the request file does not hold"), (changed, "to a question that has "
                        "changed since (prompt, settings or schema)")):  # fmt: skip
        if found:
            first = ", ".join(f"{name!r} in line {number}" for number, name in found[:_TOLD])
            parts.append(f"{len(found)} {what} ({first}{', …' if len(found) > _TOLD else ''}).")
    return " ".join(parts)


def count_rows(rows: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """Answers, and failures by class."""
    failed = {status: count for status, count in sorted(rows.items()) if status != Outcome.OK and count}
    return rows.get(Outcome.OK, 0), failed
