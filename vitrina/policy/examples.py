"""What models that write learn from: prompts with texts, and prompts alone.

What belongs here: files to examples and prompts, what was set aside and why, folds. What stays out: preference formats
(`vitrina.preferences.formats`), tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.preferences.formats import Choice, PreferenceRow, Reason, SetAside, read_preferences
from vitrina.preferences.formats.lines import read_records
from vitrina.reward.splits import Split, split

#: Below this a model from configuration writes no words.
MIN_EXAMPLES = 100
MIN_GROUPS = 10
#: Examples are cut by prompt; validation chooses the epoch.
FOLDS = {"train": 0.9, "validation": 0.1}
#: Columns that hold a text to be learned; a file with one of them and a prompt holds examples.
_TEXTS = ("text", "completion")
_SNIFFED = 20


@dataclass(slots=True)
class Examples:
    """What some files hold.

    Attributes:
        rows: Examples as decided rows whose chosen side is the text; the other side is empty.
        pairs: Decided pairs, of preference files alone.
        prompts: All prompts, also those of undecided rows, each once.
        repeated: Texts that stood there before for the same prompt.
    """

    rows: list[PreferenceRow] = field(default_factory=list)
    pairs: list[PreferenceRow] = field(default_factory=list)
    prompts: dict[str, str] = field(default_factory=dict)
    set_aside: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    files: list[str] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "files": sorted(set(self.files)),
            "n_examples": len(self.rows),
            "n_pairs": len(self.pairs),
            "n_prompts": len(self.prompts),
            "repeated": self.repeated,
            "set_aside": sum(self.set_aside.values()),
            "set_aside_reasons": dict(sorted(self.set_aside.items())),
        }


def read_examples(paths: Iterable[Path], format: str | None = None) -> Examples:
    """Preference files (the chosen side is the example), files of prompt and text, and files of prompts alone.

    Raises:
        PermanentError: no such file, or of no known kind.
    """
    found = Examples()
    seen: set[tuple[str, str]] = set()
    for path in paths:
        found.files.append(path.name)
        rows = _plain(path) if format is None and _is_plain(path) else read_preferences(path, format)
        for row in rows:
            if isinstance(row, SetAside):
                found.set_aside[str(row.reason)] += 1
                continue
            found.prompts.setdefault(row.prompt, row.group)
            if not row.decided:
                continue
            if row.b:
                found.pairs.append(row)
            if (row.prompt, row.chosen) in seen:
                found.repeated += 1
                continue
            seen.add((row.prompt, row.chosen))
            found.rows.append(example(row.prompt, row.chosen, row.group))
    return found


def example(prompt: str, text: str, group: str = "") -> PreferenceRow:
    """An example as a row, so that folds are cut as everywhere."""
    return PreferenceRow(prompt=prompt, a=text, b="", choice=Choice.A, group=group)


def folds_of(examples: Examples, seed: int) -> Split:
    """Folds by prompt; near-duplicate prompts are in one of them.

    Raises:
        PermanentError: too few examples (says how many are missing) or prompts.
    """
    rows = examples.rows
    aside = f" Set aside: {sum(examples.set_aside.values())}." if examples.set_aside else ""
    if len(rows) < MIN_EXAMPLES:
        raise PermanentError(
            f"{len(rows)} examples are too few: {MIN_EXAMPLES - len(rows)} more are needed.{aside}",
            hint="An example is a prompt with a text, or the preferred side of a decided pair.",
        )
    if (groups := len({row.group for row in rows})) < MIN_GROUPS:
        raise PermanentError(f"The examples have {groups} different prompts; {MIN_GROUPS - groups} more are needed.")
    return split(rows, seed, FOLDS)


def _is_plain(path: Path) -> bool:
    """Whether a file's first records are prompts with a text, or prompts alone; no preference format has such."""
    kinds = [_kind(record[1]) for record in islice(read_records(path), _SNIFFED) if not isinstance(record, SetAside)]
    return bool(kinds) and sum(kinds) * 2 > len(kinds)


def _kind(record: dict[str, Any]) -> bool:
    compared = {"response_a", "chosen", "rejected", "response1", "output_1", "prediction_1"}
    return "prompt" in record and not compared & set(record)


def _plain(path: Path) -> Iterable[PreferenceRow | SetAside]:
    for record in read_records(path):
        if isinstance(record, SetAside):
            yield record
            continue
        line, values = record
        prompt = values.get("prompt")
        text = next((values[name] for name in _TEXTS if name in values), None)
        reason = None
        if not isinstance(prompt, str) or not (text is None or isinstance(text, str)):
            reason = Reason.NOT_TEXT
        elif not prompt.strip():
            reason = Reason.EMPTY_PROMPT
        elif text is not None and not text.strip():
            reason = Reason.EMPTY_ANSWER
        if reason is not None:
            yield SetAside(reason, "The prompt and the text of an example are texts.", path.name, line)
        elif text is None:
            yield PreferenceRow(prompt=str(prompt), a="", b="", choice=Choice.TIE)
        else:
            group = values.get("group")
            yield example(str(prompt), str(text), group if isinstance(group, str) else "")


def group_names(rows: Sequence[PreferenceRow]) -> set[str]:
    """Prompt groups of rows."""
    return {row.group for row in rows}
