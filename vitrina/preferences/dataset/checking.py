"""Whether the sides of a dataset meet: looked for in the files, not in how they were made.

Belongs here: the check that a leak cannot pass. Pure. Stays out: the split itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from vitrina.content.duplicates import DuplicateIndex
from vitrina.preferences.formats.keys import prompt_group


def meeting_sides(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Prompts, products and near-duplicate prompts that stand on two sides; empty where all is well.

    Args:
        rows: File name → rows with ``side``, ``prompt``, ``prompt_group`` and ``product``; files without are left out.
    """
    sides: dict[str, set[str]] = defaultdict(set)
    prompts: dict[str, tuple[str, str]] = {}
    for lines in rows.values():
        for row in lines:
            if "side" not in row:
                continue
            own = prompt_group(row["prompt"])
            for group in (row["prompt_group"], own):
                sides[f"prompt {group}"].add(row["side"])
            if row["product"] is not None:
                sides[f"product {row['product']}"].add(row["side"])
            prompts.setdefault(own, (row["side"], row["prompt"]))
    found = [f"{key}: {', '.join(sorted(on))}" for key, on in sorted(sides.items()) if len(on) > 1]
    return found + _near_duplicates(prompts)


def _near_duplicates(prompts: Mapping[str, tuple[str, str]]) -> list[str]:
    index = DuplicateIndex()
    found = []
    for group, (side, prompt) in sorted(prompts.items()):
        for near in index.nearest(prompt):
            other = prompts[str(near.key)][0]
            if other != side:
                found.append(
                    f"prompts {group} and {near.key} are near-duplicates ({near.similarity:.2f}): {side}, {other}"
                )
        index.add(group, prompt)
    return found
