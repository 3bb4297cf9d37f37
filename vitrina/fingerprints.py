"""One way to hash what something was made from.

Belongs here: canonical JSON and its sha256. Stays out: what goes into a fingerprint, which each enrichment says.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import orjson


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces; Decimals as text, so that 1.0 and 1.00 are one."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def fingerprint(*parts: Any) -> str:
    """Hex sha256 of the parts' canonical JSON, in order."""
    return hashlib.sha256(canonical(list(parts))).hexdigest()
