"""Reading and validating lexicon files.

Belongs here: the YAML form of entries, merging a user's files over the built-in ones, error messages. Stays out:
matching.

A file holds ``kind`` and ``entries``; several such documents may stand in one file, separated by ``---``::

    kind: color
    entries:
      navy: {ru: "тёмно-синий, нави", tr: lacivert, en: "navy, navy blue", in: blue}

Names are comma-separated, the main one first. See ``docs/lexicon.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from vitrina.lexicon.entries import KINDS, Entry, LexiconError
from vitrina.lexicon.morphology import gender_of

_LISTS = ("ru", "adj", "tr", "en", "other", "exact", "skip", "in")
_FIELDS = frozenset({*_LISTS, "gender", "dimension", "factor", "replace"})
_GENDERS = frozenset({"masc", "femn", "neut", "plur"})
#: Kinds whose main Russian name is an adjective unless ``adj`` says otherwise.
_ADJECTIVAL = frozenset({"color"})
MAX_FILE_BYTES = 5_000_000


class _UniqueKeys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A YAML loader that refuses the same key twice in one mapping, where YAML would let the last one win."""


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise LexiconError(f"The name {key!r} stands twice, in lines {seen[key]} and {line}.", hint="Join the two.")
        seen[key] = key_node.start_mark.line + 1
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@dataclass(slots=True, frozen=True)
class _Raw:
    kind: str
    key: str
    values: Mapping[str, tuple[str, ...]]
    gender: str | None
    dimension: str | None
    factor: Decimal | None
    replaces: bool
    where: str


def read_entries(folders: Iterable[Path]) -> dict[tuple[str, str], Entry]:
    """Entries of all files, later ones merged over earlier ones, validated.

    Args:
        folders: Files or folders; of a folder every ``*.yaml`` and ``*.yml`` in order of name.

    Raises:
        LexiconError: For anything wrong, with file and entry.
    """
    merged: dict[tuple[str, str], _Raw] = {}
    for folder in folders:
        for path in _files(folder):
            for raw in _read_file(path):
                place = (raw.kind, raw.key)
                before = merged.get(place)
                merged[place] = raw if before is None or raw.replaces else _join(before, raw)
    entries = {place: _entry(raw) for place, raw in merged.items()}
    _check_parents(entries)
    _check_forms(entries.values())
    return entries


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(path for path in place.iterdir() if path.suffix in {".yaml", ".yml"})
    if place.is_file():
        return [place]
    raise LexiconError(f"There is no lexicon file or folder {place}.", hint="Check the setting VITRINA_LEXICON.")


def _read_file(path: Path) -> Iterable[_Raw]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise LexiconError(f"{path.name} is larger than {MAX_FILE_BYTES} bytes.", hint="Split it by kind.")
        # A bomb of aliases is small on disk and huge in memory; word lists need none.
        text = path.read_text(encoding="utf-8-sig")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_UniqueKeys)):
            raise LexiconError(f"{path.name} uses YAML aliases.", hint="Write the words out.")
        documents = list(yaml.load_all(text, Loader=_UniqueKeys))
    except LexiconError as error:
        raise LexiconError(f"{path.name}: {error.message}", hint=error.hint) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise LexiconError(f"{path.name} cannot be read as YAML in UTF-8: {error}") from None
    for document in documents:
        if document is not None:
            yield from _read_document(document, path.name)


def _read_document(document: Any, name: str) -> Iterable[_Raw]:
    if not isinstance(document, dict) or set(document) - {"kind", "entries"} or "kind" not in document:
        raise LexiconError(f"{name}: a document holds `kind` and `entries`, and nothing else.")
    kind, entries = document["kind"], document.get("entries") or {}
    if kind not in KINDS:
        raise LexiconError(f"{name}: unknown kind {kind!r}.", hint=f"Known kinds: {', '.join(KINDS)}.")
    if not isinstance(entries, dict):
        raise LexiconError(f"{name}: `entries` is a mapping of key to names.")
    for key, fields in entries.items():
        where = f"{name}, {kind} {key!r}"
        if not isinstance(key, str) or not isinstance(fields, dict):
            raise LexiconError(f"{where}: an entry is `key: {{ru: …, tr: …, en: …}}` with a text as its key.")
        if unknown := set(fields) - _FIELDS:
            raise LexiconError(
                f"{where}: unknown field {sorted(map(str, unknown))[0]!r}.",
                hint=f"Known: {', '.join(sorted(_FIELDS))}.",
            )
        yield _read_entry(kind, key, fields, where)


def _read_entry(kind: str, key: str, fields: Mapping[str, Any], where: str) -> _Raw:
    gender = fields.get("gender")
    if gender is not None and gender not in _GENDERS:
        raise LexiconError(f"{where}: gender {gender!r} is none of {', '.join(sorted(_GENDERS))}.")
    factor = None
    if "factor" in fields:
        try:
            factor = Decimal(str(fields["factor"]))
        except InvalidOperation:
            raise LexiconError(f"{where}: factor {fields['factor']!r} is not a number.") from None
        if not factor.is_finite() or factor <= 0:
            raise LexiconError(f"{where}: factor {factor} is not above zero.")
    values = {name: _names(fields.get(name), f"{where}, {name}") for name in _LISTS}
    return _Raw(kind, key, values, gender, fields.get("dimension"), factor, bool(fields.get("replace")), where)


def _names(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise LexiconError(
            f"{where}: {value!r} is not a text.", hint="Quote it: words such as no, on and 38 are not text."
        )
    return tuple(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))


def _join(before: _Raw, after: _Raw) -> _Raw:
    values = {name: tuple(dict.fromkeys((*after.values[name], *before.values[name]))) for name in _LISTS}
    return replace(
        after,
        values=values,
        gender=after.gender or before.gender,
        dimension=after.dimension or before.dimension,
        factor=after.factor or before.factor,
    )


def _entry(raw: _Raw) -> Entry:
    values = raw.values
    if not values["ru"] and raw.kind != "phrase":
        raise LexiconError(f"{raw.where}: no Russian name.", hint="Add `ru`, the main name first.")
    if (raw.kind == "unit") != (raw.dimension is not None and raw.factor is not None):
        raise LexiconError(f"{raw.where}: units, and only units, have `dimension` and `factor`.")
    adjectives = values["adj"] or (values["ru"][:1] if raw.kind in _ADJECTIVAL else ())
    return Entry(
        key=raw.key,
        kind=raw.kind,
        ru=values["ru"][0] if values["ru"] else "",
        ru_adj=adjectives[0] if adjectives else None,
        gender=raw.gender
        or (gender_of(values["ru"][0]) if values["ru"] and values["ru"][:1] != adjectives[:1] else None),
        ru_forms=values["ru"],
        adj_forms=adjectives,
        tr=values["tr"],
        en=values["en"],
        other=values["other"],
        exact=values["exact"],
        skip=frozenset(word.lower() for word in values["skip"]),
        parents=values["in"],
        dimension=raw.dimension,
        factor=raw.factor,
    )


def _check_parents(entries: Mapping[tuple[str, str], Entry]) -> None:
    for (kind, key), entry in entries.items():
        todo, seen = list(entry.parents), set()
        while todo:
            parent = todo.pop()
            if (kind, parent) not in entries:
                raise LexiconError(f"{kind} {key!r}: its parent {parent!r} is not there.", hint="Correct `in`.")
            if parent == key:
                raise LexiconError(f"{kind} {key!r} is its own parent.", hint="Correct `in`.")
            if parent not in seen:
                seen.add(parent)
                todo.extend(entries[kind, parent].parents)


def _check_forms(entries: Iterable[Entry]) -> None:
    owners: dict[tuple[str, str, str], str] = {}
    for entry in entries:
        forms = {
            "ru": (*entry.ru_forms, *entry.adj_forms), "tr": entry.tr, "en": entry.en, "other": entry.other,
            "exact": entry.exact,
        }  # fmt: skip
        for language, names in forms.items():
            for name in names:
                surface = name if language == "exact" else name.lower().replace("ё", "е")
                owner = owners.setdefault((entry.kind, language, surface), entry.key)
                if owner != entry.key:
                    raise LexiconError(
                        f"{entry.kind}: the name {name!r} ({language}) stands in {owner!r} and in {entry.key!r}.",
                        hint="Leave it in one of them.",
                    )
