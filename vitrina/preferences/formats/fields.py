"""Values of a record, or the reason why they cannot be used.

What belongs here: looking at one field. What stays out: which fields a format has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from vitrina.preferences.formats.rows import Reason, Unusable

Record = Mapping[str, Any]
_LANGUAGES = {
    "ru": {"rus", "russian", "русский"},
    "en": {"eng", "english", "английский"},
    "tr": {"tur", "turkish", "türkçe", "турецкий"},
}
_TURNS = (("role", "content"), ("from", "value"))
_ROLES = {"human": "user", "gpt": "assistant"}


def has(record: Record, *names: str) -> bool:
    """Whether all of the fields are there."""
    return all(name in record for name in names)


def value(record: Record, *names: str) -> Any:
    """The first of the fields that is there.

    Raises:
        Unusable: none is.
    """
    for name in names:
        if name in record:
            return record[name]
    raise Unusable(Reason.MISSING_FIELD, f"The field {names[0]} is missing.")


def answer(text: Any, name: str) -> str:
    """An answer: text with something in it.

    Raises:
        Unusable: it is not text, or there is only white space in it.
    """
    if not isinstance(text, str):
        raise Unusable(Reason.NOT_TEXT, f"The field {name} is {type(text).__name__}, not text.")
    if not text.strip():
        raise Unusable(Reason.EMPTY_ANSWER, f"The field {name} is empty.")
    return text


def answers(record: Record, *names: str) -> tuple[str, ...]:
    """Several answers. What is not text is named before what is empty, so that a row with both has one reason.

    Raises:
        Unusable: as `answer`.
    """
    texts = [value(record, name) for name in names]
    for name, text in zip(names, texts, strict=True):
        if not isinstance(text, str):
            raise Unusable(Reason.NOT_TEXT, f"The field {name} is {type(text).__name__}, not text.")
    return tuple(answer(text, name) for name, text in zip(names, texts, strict=True))


def prompt(record: Record, *names: str) -> str:
    """A prompt: text, not empty.

    Raises:
        Unusable: it is not.
    """
    text = value(record, *names)
    if not isinstance(text, str):
        raise Unusable(Reason.NOT_TEXT, f"The field {names[0]} is {type(text).__name__}, not text.")
    if not text.strip():
        raise Unusable(Reason.EMPTY_PROMPT, f"The field {names[0]} is empty.")
    return text


def optional_text(record: Record, *names: str) -> str | None:
    """The first of the fields that holds text or a number, as text."""
    for name in names:
        found = record.get(name)
        if isinstance(found, str | int | float) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()
    return None


def optional_number(record: Record, name: str) -> float | None:
    """A finite number, or None."""
    found = record.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        return None
    return float(found)


def optional_language(record: Record) -> str | None:
    """The code of a language: ``ru`` for ru, RU, ru-RU, rus and Russian; what is not known stays as it stands."""
    found = optional_text(record, "language", "lang")
    if found is None:
        return None
    word = re.split(r"[-_]", found.lower(), maxsplit=1)[0]
    return next((code for code, names in _LANGUAGES.items() if word == code or word in names), word)


def messages(value: Any) -> Sequence[Record] | None:
    """A conversation (role and content, or from and value), or None where the value is something else.

    Content in parts, of which all are text, is one text.
    """
    if not isinstance(value, list) or not value or not all(isinstance(turn, dict) for turn in value):
        return None
    turns = []
    for turn in value:
        names = next((names for names in _TURNS if has(turn, *names)), None)
        if names is None:
            return None
        role, content = (turn[name] for name in names)
        turns.append({"role": _ROLES.get(role, role) if isinstance(role, str) else role, "content": _joined(content)})
    return turns


def _joined(content: Any) -> Any:
    if isinstance(content, list) and content:
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) == len(parts):
            return "\n".join(texts)
    return content


def transcript(turns: Sequence[Record]) -> str:
    """A conversation as one text; a single turn of a user stands without its role.

    Raises:
        Unusable: a turn's content is not text.
    """
    for turn in turns:
        if not isinstance(turn["content"], str):
            raise Unusable(Reason.NOT_TEXT, "The content of a turn is not text.")
    if len(turns) == 1 and turns[0]["role"] == "user":
        return str(turns[0]["content"])
    return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)
