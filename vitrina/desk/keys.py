"""Keys of a screen: what each does, and where it lies on the keyboard at first.

Belongs here: the shape of the list that ``desk/_keys.html`` shows and ``keys.js`` obeys. Stays out: what an action
does (the screen's own script), and what a person changed (kept in their browser).
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise


class Key(NamedTuple):
    """One action. ``code`` is the place of the key (``KeyboardEvent.code``), whatever the layout writes there."""

    action: str
    code: str
    label: str | Promise

    @property
    def cap(self) -> str:
        """What stands on the key: ``KeyA`` → ``A``, ``Digit1`` → ``1``."""
        short = self.code.removeprefix("Key").removeprefix("Digit")
        return {"Slash": "/", "Backslash": "\\", "Comma": ",", "Period": "."}.get(short, short)
