"""Changing a ``source.yaml`` without rewriting it: a few settings and columns, all the rest as it stands.

Belongs here: from the text and what is to be changed to the new text. Stays out: what may be chosen, where it is kept.

Entries are cut out of and put into the text, so that comments stay; what comes of it is read again and compared with
what was wanted. Where it differs (anchors, flow style, a file in a form of its own), the file is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from vitrina.feeds import source_config
from vitrina.feeds.source_config import SourceConfigError

_MAPPING = "mapping"
_WIDE = 1_000_000


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed; ``None`` takes an entry out.

    Attributes:
        settings: Key of the file → value; never ``mapping``.
        mapping: Column as ``source.yaml`` calls it → field, ``attribute`` or ``ignore``.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, str | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.settings or self.mapping)

    def then(self, later: Changes) -> Changes:
        """Both, the later one in the right."""
        return Changes({**self.settings, **later.settings}, {**self.mapping, **later.mapping})


@dataclass(frozen=True, slots=True)
class Edited:
    """The new file. ``comments_lost``: it had to be written anew, and there were comments in it."""

    text: str
    comments_lost: bool = False


def edited(text: str, changes: Changes, source: str) -> Edited:
    """The file with the changes made.

    Args:
        text: As it stands; empty where there is none.
        changes: What is chosen.
        source: Name of the source, for messages.

    Raises:
        SourceConfigError: The file is wrong as it stands, or would be wrong with the changes.
    """
    source_config.load(text, source)
    former: dict[Any, Any] = yaml.safe_load(text) or {}
    wanted = _changed(former, changes)
    if _dumped(wanted) == _dumped(former):
        return Edited(text)
    try:
        kept = _spliced(text, former, wanted)
        faithful = kept is not None and _dumped(yaml.safe_load(kept) or {}) == _dumped(wanted)
    except (yaml.YAMLError, ValueError):
        kept, faithful = None, False
    result = Edited(kept) if kept is not None and faithful else Edited(_dumped(wanted), "#" in text)
    source_config.load(result.text, source)
    return result


def _changed(former: Mapping[Any, Any], changes: Changes) -> dict[Any, Any]:
    wanted = dict(former)
    for name, value in changes.settings.items():
        if value is None:
            wanted.pop(name, None)
        else:
            wanted[name] = value
    columns = dict(wanted.get(_MAPPING) or {})
    for name, target in changes.mapping.items():
        # Numbers of columns may stand there without quotes
        alike = [key for key in columns if str(key).strip() == name]
        if target is None:
            for key in alike:
                del columns[key]
        else:
            columns[alike[-1] if alike else name] = target
    if columns:
        wanted[_MAPPING] = columns
    else:
        wanted.pop(_MAPPING, None)
    return wanted


def _dumped(data: Any) -> str:
    if data == {}:
        return ""
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, default_flow_style=False, width=_WIDE)
    return text


#: A piece of the text, and what stands there instead.
_Cut = tuple[int, int, str]


def _spliced(text: str, former: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> str | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return _closed(text) + _dumped(wanted)
    cuts = _cuts(text, root, former, wanted)
    if cuts is None:
        return None
    for start, end, piece in sorted(cuts, reverse=True):
        text = text[:start] + piece + text[end:]
    return text


def _cuts(text: str, node: Any, former: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> list[_Cut] | None:
    """Pieces to be replaced in a mapping written in lines; ``None`` for one that is written otherwise."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style or len(node.value) != len(former) or not former:
        return None
    cuts: list[_Cut] = []
    for (key, value), (name, old) in zip(node.value, former.items(), strict=True):
        start, end = key.start_mark.index, _end(text, value)
        if name not in wanted:
            begin = text.rfind("\n", 0, start) + 1
            cuts.append((begin, _line_end(text, end) + 1, ""))
        elif _dumped({name: wanted[name]}) != _dumped({name: old}):
            inner = isinstance(old, dict) and isinstance(wanted[name], dict)
            below = _cuts(text, value, old, wanted[name]) if inner else None
            indent = " " * key.start_mark.column
            cuts += below if below is not None else [(start, end, _indented({name: wanted[name]}, indent).lstrip(" "))]
    if added := {name: value for name, value in wanted.items() if name not in former}:
        last = _line_end(text, _end(text, node.value[-1][1]))
        cuts.append((last, last, "\n" + _indented(added, " " * node.value[0][0].start_mark.column)))
    return cuts


def _indented(data: Mapping[Any, Any], indent: str) -> str:
    return "\n".join(indent + line for line in _dumped(dict(data)).removesuffix("\n").split("\n"))


def _end(text: str, node: Any) -> int:
    """Where a value ends; the mark of one in lines lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    while end > node.start_mark.index and text[end - 1].isspace():
        end -= 1
    return end


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found


def _closed(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


__all__ = ["Changes", "Edited", "SourceConfigError", "edited"]
