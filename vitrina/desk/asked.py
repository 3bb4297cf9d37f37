"""What queries and forms say, whatever was sent: whole numbers and text.

Belongs here: reading one value without failing. Stays out: what a value means (the views). Everybody can send
everything: digits that ``int`` does not read (``²``), five thousand of them, null characters, which PostgreSQL refuses.
"""

from __future__ import annotations

#: Digits of the largest number that every column of keys holds.
DIGITS = 18


def whole(text: str | None, *, digits: int = DIGITS) -> int | None:
    """The whole number that was sent; ``None`` for anything else, and for one with more digits."""
    return int(text) if text and len(text) <= digits and text.isascii() and text.isdecimal() else None


def plain(text: str | None, most: int | None = None) -> str:
    """The text that was sent, without null characters and the space around it, cut to ``most`` characters."""
    return (text or "").replace("\0", "").strip()[:most]
