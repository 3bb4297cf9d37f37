"""Making a version of the preference dataset.

Belongs here: preferences to validated, split files in the object store and one row that says so. Stays out: the rules
(``validation``), the split (``splitting``), the card (``card``), the Hub (``hub``).

The version is named by the hash of its rows: made twice, it is one. Files are written before the row, so a killed run
leaves no row without files; the run that follows writes the same files again. The row is ``validated`` only when the
files, read back, hold what was meant and no prompt, product or near-duplicate stands on two sides.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.objects import ObjectStore
from vitrina.preferences import figures
from vitrina.preferences.dataset import card, files, sources
from vitrina.preferences.dataset.checking import meeting_sides
from vitrina.preferences.dataset.differences import difference
from vitrina.preferences.dataset.rows import SIDES, TEST, Aside, Pair, Sorted, label_record, pair_record, tie_record
from vitrina.preferences.dataset.splitting import Split, split
from vitrina.preferences.dataset.validation import Limits, validate
from vitrina.preferences.locking import alone
from vitrina.preferences.models import DatasetVersion, Preference

PREFIX = "datasets/preferences"
#: Fewer decided pairs than this on the test side say nothing: an accuracy of 0.6 has an interval of +-0.1 at 100.
WANTED_TEST_PAIRS = 100


class NotEnoughPreferences(PermanentError):
    """There is no decided pair to make a dataset of; the message says what is missing."""


@dataclass(slots=True)
class Made:
    """A version, whether this call made it, and what it is made of."""

    version: DatasetVersion
    created: bool
    sorted: Sorted
    missing: list[str] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


def make_version(store: ObjectStore, settings: Settings, *, run_id: str = "") -> Made:
    """Make today's version, or find that it stands.

    Raises:
        NotEnoughPreferences: No decided pair is left after validation.
    """
    with transaction.atomic():
        alone()
        given = list(sources.pairs())
        labels = list(sources.labels())
        found = validate(given, labels, Limits(settings.dataset_max_chars))
        sides = split(
            [*found.pairs, *found.ties, *found.labels], sources.stored_sides(),
            validation_share=settings.dataset_validation_share, test_share=settings.dataset_test_share,
        )  # fmt: skip
        _leave_out(found, sides)
        if not found.pairs:
            raise NotEnoughPreferences(_what_is_missing(given, found), hint="See docs/preferences.md.")
        rows = records(found, sides)
        mark = files.content_hash(rows)
        missing = shortages(found, sides, given)
        Preference.objects.exclude(seen=F("fingerprint")).update(seen=F("fingerprint"))
        standing = DatasetVersion.objects.filter(content_hash=mark).first()
        if standing is not None:
            # What came meanwhile changed nothing: it need not be looked at again.
            DatasetVersion.objects.filter(pk=standing.pk).update(seen_preferences=len(given), last_made_at=Now())
            return Made(standing, False, found, missing, given)
        sources.store_sides(sides.given)
        version = _write(store, settings, rows, mark, given, len(labels), found, sides, missing, run_id)
    return Made(version, True, found, missing, given)


def newest(*, validated: bool = False) -> DatasetVersion | None:
    """The version that the preferences last came to; ``validated``: the last that may be used."""
    versions = DatasetVersion.objects.filter(validated=True) if validated else DatasetVersion.objects.all()
    return versions.order_by("-last_made_at", "-number").first()


def unseen() -> int:
    """Preferences that came, changed or went since the newest version was made."""
    last = newest()
    changed = Preference.objects.exclude(seen=F("fingerprint")).count()
    gone = max(last.seen_preferences - Preference.objects.count(), 0) if last is not None else 0
    return changed + gone


def records(found: Sorted, sides: Split) -> dict[str, list[dict[str, Any]]]:
    """File name → rows, in the order of their keys."""
    rows: dict[str, list[dict[str, Any]]] = {f"{side}.parquet": [] for side in SIDES}
    for pair in sorted(found.pairs, key=lambda pair: pair.key):
        side = sides.side[pair.key]
        rows[f"{side}.parquet"].append(pair_record(pair, side))
    rows["ties.parquet"] = [
        tie_record(pair, sides.side[pair.key]) for pair in sorted(found.ties, key=lambda pair: pair.key)
    ]
    rows["unpaired.parquet"] = [
        label_record(label, sides.side[label.key]) for label in sorted(found.labels, key=lambda label: label.decision)
    ]
    rows["set_aside.parquet"] = [
        {"key": one.key, "reason": one.reason, "detail": one.detail}
        for one in sorted(found.aside, key=lambda one: (one.key, one.reason))
    ]
    return rows


def columns_of(name: str) -> Mapping[str, str]:
    """The columns of a file."""
    return {"ties.parquet": files.TIES, "unpaired.parquet": files.LABELS, "set_aside.parquet": files.ASIDE}.get(
        name, files.PAIRS
    )


def read_rows(store: ObjectStore, version: DatasetVersion, name: str) -> list[dict[str, Any]]:
    """Rows of one file of a version.

    Raises:
        PermanentError: The object is not what the version says.
    """
    data = store.get(f"{version.prefix}/{name}")
    if hashlib.sha256(data).hexdigest() != version.files[name]["sha256"]:
        raise PermanentError(f"{name} of dataset {version.version} was changed since it was made.")
    return files.from_parquet(data)


def shortages(found: Sorted, sides: Split, given: Sequence[Pair]) -> list[str]:
    """What is missing for good figures, in sentences; empty where nothing is."""
    told = []
    test = sum(sides.side[pair.key] == TEST for pair in found.pairs)
    if test < WANTED_TEST_PAIRS:
        told.append(f"The test side has {test} decided pairs; {WANTED_TEST_PAIRS} are wanted for a useful interval.")
    told += [f"The {side} side is empty: more prompts are needed." for side in SIDES if not sides.groups.get(side)]
    people = {vote.get("annotator") for pair in given for vote in pair.votes}
    if len(people) == 1:
        told.append("All votes are one person's: agreement cannot be told. A second annotator is needed.")
    if given and not any(len(pair.votes) > 1 for pair in given):
        told.append("No pair has two votes: agreement cannot be told. An overlap of 2 is needed.")
    return told


def _leave_out(found: Sorted, sides: Split) -> None:
    joining = set(sides.joining)
    if not joining:
        return
    found.aside += [Aside(key, "joins_sides") for key in sorted(joining)]
    found.pairs = [pair for pair in found.pairs if pair.key not in joining]
    found.ties = [pair for pair in found.ties if pair.key not in joining]
    found.labels = [label for label in found.labels if label.key not in joining]


def _what_is_missing(given: Sequence[Pair], found: Sorted) -> str:
    if not given:
        return "There are no preferences yet. Have pairs compared at the desk, or import a file."
    reasons = ", ".join(f"{reason} {count}" for reason, count in found.reasons.items())
    ties = f"{len(found.ties)} are ties" if found.ties else ""
    aside = f"{len(found.aside)} are set aside ({reasons})" if found.aside else ""
    return f"None of {len(given)} preferences is a decided pair: {'; '.join(filter(None, (ties, aside)))}."


def _write(
    store: ObjectStore, settings: Settings, rows: Mapping[str, list[dict[str, Any]]], mark: str,
    given: Sequence[Pair], labels_given: int, found: Sorted, sides: Split, missing: list[str], run_id: str,
) -> DatasetVersion:  # fmt: skip
    version, prefix = mark[:16], f"{PREFIX}/{mark[:16]}"
    parent = newest()
    described: dict[str, dict[str, Any]] = {}
    for name, lines in rows.items():
        data = files.to_parquet(lines, columns_of(name))
        store.put(f"{prefix}/{name}", data, content_type="application/vnd.apache.parquet")
        described[name] = {"rows": len(lines), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    counts = {
        "pairs": {side: len(rows[f"{side}.parquet"]) for side in SIDES},
        "groups": {side: sides.groups.get(side, 0) for side in SIDES},
        "ties": dict(Counter(pair.outcome for pair in found.ties)),
        "unpaired": {"good": sum(one.good for one in found.labels), "bad": sum(not one.good for one in found.labels)},
        "set_aside": found.reasons,
        "given": len(given),
        "labels_given": labels_given,
        "sources": dict(Counter(pair.source for pair in found.pairs)),
        "origins": dict(Counter(pair.origin for pair in found.pairs)),
        "languages": dict(Counter(pair.language or "unknown" for pair in found.pairs)),
        "contracts": dict(Counter(pair.contract or "unknown" for pair in found.pairs)),
    }
    told = {name: figures.as_dict(value) for name, value in figures.figures(given).items()}
    made = DatasetVersion(
        version=version, number=(DatasetVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        content_hash=mark, parent=parent, prefix=prefix, files=described, counts=counts, run_id=run_id,
        seen_preferences=Preference.objects.count(),
        report={
            "figures": told,
            "guidelines": sorted({g for pair in given for v in pair.votes if (g := str(v.get("guidelines") or ""))}),
            "annotators": len({v.get("annotator") for pair in given for v in pair.votes}),
            "missing": missing,
            "licences": sources.licences({pair.origin for pair in found.pairs}),
        },
    )  # fmt: skip
    read = {name: files.from_parquet(store.get(f"{prefix}/{name}")) for name in rows}
    meeting = meeting_sides(read)
    made.validated = read == {name: list(lines) for name, lines in rows.items()} and not meeting
    made.report["meeting"] = meeting
    if parent is not None:
        made.report["difference"] = difference(read_all(store, parent), read).as_dict()
    for name, data in card.card_files(made, found, settings.dataset_licence).items():
        store.put(f"{prefix}/{name}", data)
        described[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    made.save()
    return made


def read_all(store: ObjectStore, version: DatasetVersion) -> dict[str, list[dict[str, Any]]]:
    """Rows of every file of a version; see :func:`read_rows`."""
    names = [name for name, about in version.files.items() if "rows" in about]
    return {name: read_rows(store, version, name) for name in names}
