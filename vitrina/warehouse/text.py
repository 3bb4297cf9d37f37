"""Text that PostgreSQL can hold.

Belongs here: the two things it cannot: NUL and halves of surrogate pairs. Stays out: cleaning for readers
(``vitrina.feeds.text``), sanitising of HTML.
"""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any) -> Any:
    """The value with every NUL and lone surrogate replaced by U+FFFD, in texts, lists and objects of any depth."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
