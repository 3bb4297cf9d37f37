"""What a training process is told as JSON: settings and notes, checked before anything is read.

What belongs here: from values of outside to settings of a known kind. What stays out: which settings there are, and
what they mean together (each dataclass of settings says so itself).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from vitrina.errors import PermanentError

_Settings = TypeVar("_Settings")


def given(kind: type[_Settings], values: object) -> _Settings:
    """Settings from outside: a dataclass made from a mapping.

    Raises:
        PermanentError: no mapping, a name that is not known (says which are), or a value of another kind.
    """
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    named = facts(values, "The settings")
    if unknown := set(named) - set(known):
        raise PermanentError(f"No such settings: {', '.join(sorted(unknown))}.", hint=f"Known: {', '.join(known)}.")
    for name, value in named.items():
        if not _fits(str(known[name].type), value):
            raise PermanentError(f"The setting {name} cannot be {value!r}.", hint=f"It is of type {known[name].type}.")
    return kind(**named)


def facts(values: object, what: str = "The notes") -> dict[str, Any]:
    """A JSON object of outside.

    Raises:
        PermanentError: it is something else.
    """
    if not isinstance(values, Mapping):
        raise PermanentError(f"{what} cannot be {values!r}.", hint='A JSON object is needed, such as {"name": 1}.')
    return dict(values)


def _fits(wanted: str, value: Any) -> bool:
    kinds: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}
    names = [name.strip() for name in wanted.split("|")]
    if value is None:
        return "None" in names
    if isinstance(value, bool):
        return "bool" in names
    sensible = not isinstance(value, int | float) or (math.isfinite(value) and value >= 0)
    return sensible and any(isinstance(value, kinds[name]) for name in names if name in kinds)
