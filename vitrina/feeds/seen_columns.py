"""Columns as a person sees them: first values, what each was taken for, and how ``source.yaml`` calls it.

Belongs here: names of columns in ``mapping``, and what a page shows of a column. Stays out: recognition (``columns``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vitrina.feeds.text import clean_line

#: Longest name of a column in ``source.yaml``.
LONGEST_KEY = 200


@dataclass(slots=True, frozen=True)
class Column:
    """A column of a file, and what it was taken for.

    Attributes:
        target: Canonical field, ``attribute:<name>`` or ``ignore``.
        samples: Its first different values.
        key: What ``source.yaml`` calls it by in ``mapping``; empty where no key means this column alone.
        said_by: Keys of the source's ``mapping`` that mean it.
    """

    header: str
    target: str
    samples: tuple[str, ...] = ()
    key: str = ""
    said_by: tuple[str, ...] = ()


def by_key(headers: Sequence[str]) -> dict[str, str]:
    """What ``source.yaml`` may call a column by, in lower case → the column."""
    found = {clean_line(header).casefold(): header for header in headers}
    for number, header in enumerate(headers, 1):
        found.setdefault(str(number), header)
    return found


def seen_columns(
    targets: Mapping[str, str], samples: Mapping[str, Iterable[str]], mapping: Iterable[str]
) -> tuple[Column, ...]:
    """The columns of a table.

    Args:
        targets: Header → what it was taken for, for every column in file order.
        samples: Header → first values.
        mapping: Keys of the source's ``mapping``.
    """
    known = by_key(list(targets))
    said: dict[str, list[str]] = {}
    for name in mapping:
        if (header := known.get(name.strip().casefold())) is not None:
            said.setdefault(header, []).append(name)
    found = []
    for number, (header, target) in enumerate(targets.items(), 1):
        names = (clean_line(header), str(number))
        own = (one for one in names if 0 < len(one) <= LONGEST_KEY and known.get(one.casefold()) == header)
        found.append(Column(header, target, tuple(samples[header]), next(own, ""), tuple(said.get(header, ()))))
    return tuple(found)
