"""Counting emoji as a reader sees them: one picture is one emoji, however many code points it takes.

Belongs here: the grammar of emoji sequences (Unicode TR51) as far as counting needs it. Stays out: any limit.
"""

from __future__ import annotations

import re

_PICTURE = (
    "[\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
    "\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2b05-\u2b07"
    "\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\u2934\u2935]"
)
_SKIN = "[\U0001f3fb-\U0001f3ff]"
_ELEMENT = rf"(?:{_PICTURE}|{_SKIN})\ufe0f?{_SKIN}?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(
    "(?:"
    "[\U0001f1e6-\U0001f1ff]{2}"  # a flag is a pair of letters
    r"|[0-9#*]\ufe0f?\u20e3"  # keycaps
    "|[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa]\ufe0f"  # text signs become pictures with the selector only
    rf"|{_ELEMENT}(?:\u200d{_ELEMENT})*"
    ")"
)


def count_emoji(text: str) -> int:
    """How many emoji a reader sees; a family, a flag or a skin tone variant counts once."""
    return sum(1 for _ in _EMOJI.finditer(text))


def strip_emoji(text: str) -> str:
    """The text without emoji; spaces around them are left alone."""
    return _EMOJI.sub("", text)
