"""Files of outside preferences as a source beside the desk.

Belongs here: rows of a reader (``formats``) to the table. Stays out: reading files, what a dataset makes of duplicates
and contradictions. One file is one transaction; the same file again changes nothing, another one under the same name
replaces what the former brought.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from vitrina.errors import PermanentError
from vitrina.preferences.aggregation import Aggregate, PairVote, aggregate
from vitrina.preferences.collecting import Collected, aggregated, write
from vitrina.preferences.dataset.sources import DESK
from vitrina.preferences.formats import Choice, PreferenceRow, SetAside, read_preferences, recognise
from vitrina.preferences.formats.lines import shown
from vitrina.preferences.formats.reading import format_named
from vitrina.preferences.locking import alone
from vitrina.preferences.models import ImportedFile, Preference

_CHUNK = 5000
_EXCERPT = 200
_CHOICES = {Choice.A: "A", Choice.B: "B", Choice.TIE: "E", Choice.BOTH_BAD: "E"}


@dataclass(slots=True)
class Imported:
    """What became of a file's rows: ``rows`` were read, the others set aside by reason."""

    name: str
    format: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)


def import_file(path: Path, *, format: str | None = None, name: str | None = None, licence: str = "") -> Imported:
    """Bring in a file.

    Args:
        path: JSON Lines or a JSON array, plain or gzip.
        format: A name of ``formats.FORMATS``; recognised when ``None``.
        name: Names the source in datasets; the file's own name by default.
        licence: As the file's owner names it.

    Raises:
        PermanentError: No such file, no such format, or nothing in it can be used.
    """
    chosen = format_named(format) if format else recognise(path)
    source = (name or shown(path).removesuffix(".gz").rsplit(".", 1)[0]).strip()[:120]
    if not source or ":" in source or source == DESK:
        raise PermanentError(
            f"A source needs a name of its own without a colon; {DESK} is the platform's.", hint="Give one with --name."
        )
    result = Imported(source, chosen.name)
    with transaction.atomic():
        alone()
        imported, _ = ImportedFile.objects.get_or_create(name=source, defaults={"file": shown(path)[:255]})
        aside: list[dict[str, Any]] = []
        rows = list(_read(path, chosen.name, aside))
        if not rows:
            why = ", ".join(f"{reason} {count}" for reason, count in Counter(one["reason"] for one in aside).items())
            first = f" Line {aside[0]['line']}: {aside[0]['message']}" if aside else ""
            raise PermanentError(f"No row of {shown(path)} can be used: {why or 'it is empty'}.{first}")
        keys = _keys(source, rows)
        found = _aggregates(source, rows, keys)
        written = Collected()
        lines = ((_columns(row, key, imported.pk, found[key]), found[key]) for row, key in zip(rows, keys, strict=True))
        while chunk := list(islice(lines, _CHUNK)):
            write([values for values, _ in chunk], written, "")
            result.outcomes.update(one.outcome for _, one in chunk)
        result.removed = Preference.objects.filter(imported=imported).exclude(key__in=keys).delete()[0]
        _remember(imported, path, chosen.name, licence, len(rows), aside)
    result.rows, result.set_aside = len(rows), Counter(one["reason"] for one in aside)
    result.added, result.changed, result.unchanged = written.added, written.changed, written.unchanged
    return result


def _read(path: Path, format: str, aside: list[dict[str, Any]]) -> Iterator[PreferenceRow]:
    for row in read_preferences(path, format):
        if isinstance(row, SetAside):
            aside.append(
                {"line": row.line, "row": storable(row.row_id) if row.row_id is not None else None,
                 "reason": str(row.reason), "message": storable(row.message[:_EXCERPT]),
                 "excerpt": storable(row.excerpt[:_EXCERPT])}
            )  # fmt: skip
        else:
            yield row


def _keys(source: str, rows: Sequence[PreferenceRow]) -> list[str]:
    """``import:<name>:<line>``, with a number behind it where a line holds several comparisons."""
    counted: Counter[int] = Counter()
    keys = []
    for row in rows:
        counted[row.line] += 1
        number = f".{counted[row.line]}" if counted[row.line] > 1 else ""
        keys.append(f"import:{source}:{row.line}{number}")
    return keys


def _aggregates(source: str, rows: Sequence[PreferenceRow], keys: Sequence[str]) -> dict[str, Aggregate]:
    """Where a file has votes they are aggregated as at the desk; where it has a label, that is the outcome."""
    votes: dict[str, list[PairVote]] = defaultdict(list)
    found: dict[str, Aggregate] = {}
    for row, key in zip(rows, keys, strict=True):
        for vote in row.votes:
            if vote.choice in _CHOICES:
                bad = vote.choice is Choice.BOTH_BAD
                votes[key].append(PairVote(pseudonym(source, vote.annotator), _CHOICES[vote.choice], bad))
        if not votes.get(key):
            found[key] = _label(row)
    return found | aggregate(votes)


def _label(row: PreferenceRow) -> Aggregate:
    outcome = str(row.choice)
    decided = 1 if row.decided else 0
    return Aggregate(
        outcome, int(row.choice is Choice.A), int(row.choice is Choice.B), 1 - decided, 1.0 if decided else None, 1.0
    )


def _columns(row: PreferenceRow, key: str, imported: int, found: Aggregate) -> dict[str, Any]:
    source = key.split(":")[1]
    votes = [
        {"annotator": pseudonym(source, vote.annotator), "choice": _CHOICES[vote.choice]}
        for vote in row.votes
        if vote.choice in _CHOICES
    ]
    return {
        "key": key,
        "source": Preference.Source.IMPORT.value,
        "imported": imported,
        "prompt": storable(row.prompt),
        "prompt_group": _fitting(row.group, 32),
        "criterion": _fitting(row.subset or row.source, 60),
        "contract": "",
        "category": _fitting(row.category or "", 200),
        "language": storable(row.language or "")[:5],
        "text_a": storable(row.a),
        "text_b": storable(row.b),
        "writer_a": "",
        "writer_b": "",
        "votes": votes,
        **aggregated(found),
    }


def pseudonym(source: str, annotator: str) -> str:
    """What stands for a person of a file: files name people as they please, and datasets leave the platform.

    Keyed with the installation's secret: a bare hash of an e-mail address is found by hashing addresses.
    """
    known = salted_hmac("vitrina.preferences.importing", f"{source}\0{annotator}", algorithm="sha256")
    return f"annotator-{known.hexdigest()[:10]}"


def _fitting(text: str, most: int) -> str:
    """Text as a column of this width holds it; a longer one gets a mark of its own, so that no two become one."""
    text = storable(text)
    if len(text) <= most:
        return text
    return f"{text[: most - 9]}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def storable(text: str) -> str:
    """PostgreSQL's text holds neither NUL nor lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _remember(
    imported: ImportedFile, path: Path, format: str, licence: str, rows: int, aside: list[dict[str, Any]]
) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    values = {"file": shown(path)[:255], "sha256": digest, "format": format, "rows": rows, "set_aside": aside}
    if licence:
        values["licence"] = licence[:120]
    ImportedFile.objects.filter(pk=imported.pk).update(**values, updated_at=Now())
