"""Test pairs that a model was trained on.

What belongs here: finding them by group, by what a prompt says, by near-duplicates, and by their answers. What stays
out: what follows from it (`gates`, `evaluation`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from vitrina.content.duplicates import DuplicateIndex
from vitrina.preferences.formats import PreferenceRow
from vitrina.preferences.formats.keys import normalised, prompt_group


def is_seen(row: PreferenceRow, groups: Container[str]) -> bool:
    """Whether the row's group, or its prompt whatever the group is called, is among those that were trained on."""
    return row.group in groups or prompt_group(row.prompt) in groups


def near_duplicates(rows: Sequence[PreferenceRow], learned: Iterable[PreferenceRow]) -> list[int]:
    """Places of the rows whose prompt says the same as a learned one in almost the same words."""
    prompts = {prompt_group(row.prompt): row.prompt for row in learned}
    index = DuplicateIndex()
    for group, prompt in prompts.items():
        index.add(group, prompt)
    near: dict[str, bool] = {}
    for row in rows:
        if row.prompt not in near:
            near[row.prompt] = prompt_group(row.prompt) in prompts or bool(index.nearest(row.prompt))
    return [place for place, row in enumerate(rows) if near[row.prompt]]


def same_answers(rows: Sequence[PreferenceRow], learned: Iterable[PreferenceRow]) -> list[int]:
    """Places of the rows whose two answers were compared in a learned row, whatever the prompt there."""
    known = {frozenset((normalised(row.a), normalised(row.b))) for row in learned}
    return [place for place, row in enumerate(rows) if frozenset((normalised(row.a), normalised(row.b))) in known]
