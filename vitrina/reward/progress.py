"""How long work tells what it does.

What belongs here: the type of a listener, and one that hears nothing. What stays out: who listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Called with the name of a stage and its figures.
Progress = Callable[[str, Mapping[str, Any]], None]


def silent(stage: str, figures: Mapping[str, Any]) -> None:
    """A progress that tells nobody."""
