"""What changed from one version of a dataset to another.

Belongs here: comparing rows by their keys. Pure. Stays out: reading them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(slots=True)
class Difference:
    """Rows of the newer version against the older one.

    Attributes:
        added, removed: Counts by file; set-aside rows by reason.
        turned: Keys of pairs whose other side is preferred now.
        rewritten: Keys of pairs with another prompt or text.
        revoted: Keys of pairs with the same answer from other votes.
        moved: Keys that went to another file or side. Between sides this must stay empty.
    """

    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    turned: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    revoted: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    side_changes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; of keys at most fifty each."""
        keys = ("turned", "rewritten", "revoted", "moved", "side_changes")
        lists = {name: getattr(self, name) for name in keys}
        return {
            "added": dict(self.added),
            "removed": dict(self.removed),
            **{name: {"count": len(found), "keys": found[:50]} for name, found in lists.items()},
        }


def difference(old: Rows, new: Rows) -> Difference:
    """Compare two versions, file name → rows."""
    before, after = _by_key(old), _by_key(new)
    found = Difference()
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was is None and now is not None:
            found.added[_place(now)] += 1
        elif now is None and was is not None:
            found.removed[_place(was)] += 1
        elif was is not None and now is not None:
            _compare(key, was, now, found)
    return found


def _compare(
    key: str, was: tuple[str, Mapping[str, Any]], now: tuple[str, Mapping[str, Any]], found: Difference
) -> None:
    (old_file, old), (new_file, new) = was, now
    if old.get("side") and new.get("side") and old["side"] != new["side"]:
        found.side_changes.append(key)
    if old_file != new_file:
        found.moved.append(key)
        return
    if "chosen" not in new:
        return
    if {old["chosen"], old["rejected"], old["prompt"]} != {new["chosen"], new["rejected"], new["prompt"]}:
        found.rewritten.append(key)
    elif old["chosen"] != new["chosen"]:
        found.turned.append(key)
    elif old["decisions"] != new["decisions"]:
        found.revoted.append(key)


def _by_key(rows: Rows) -> dict[str, tuple[str, Mapping[str, Any]]]:
    return {str(row["key"]): (name, row) for name, lines in rows.items() for row in lines}


def _place(found: tuple[str, Mapping[str, Any]]) -> str:
    name, row = found
    return f"set aside: {row['reason']}" if "reason" in row else name.removesuffix(".parquet")
