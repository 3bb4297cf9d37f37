"""Finding entries in text and saying them in Russian.

Belongs here: the index of names and the search. Stays out: files (``loading``), word forms (``keys``), grammar
(``morphology``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vitrina.lexicon import morphology, negation
from vitrina.lexicon.context import by_company, plausible
from vitrina.lexicon.entries import KINDS, Entry, LexiconError, Match
from vitrina.lexicon.keys import TOKEN, Token, form_keys, text_keys, tokens
from vitrina.lexicon.loading import read_entries

BUILT_IN = Path(__file__).parent / "data"
#: Distinct words whose readings are kept; 200,000 take about 60 MB, far more than a catalogue's vocabulary.
_CACHED_WORDS = 200_000
_GAP = re.compile(r"[^\S\n]*[-‐‑–]?[^\S\n]*")
_COMPOUND_ENDS = ("ый", "ий", "ой")


@dataclass(slots=True, frozen=True)
class _Phrase:
    """One name: for each of its words the keys that fit, or the exact surfaces."""

    entry: Entry
    language: str
    words: tuple[frozenset[str], ...]
    surfaces: tuple[str, ...] | None = None


class Lexicon:
    """All entries with their index. Built once by :func:`load`; reading it from several threads is safe."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {(entry.kind, entry.key): entry for entry in entries}
        self._index: dict[str, list[_Phrase]] = defaultdict(list)
        self._exact: dict[str, list[_Phrase]] = defaultdict(list)
        self._vocabulary: set[str] = set()
        self._readings: dict[str, dict[str, tuple[int, bool]]] = {}
        self._broader: dict[tuple[str, str], frozenset[str]] = {}
        for entry in self._entries.values():
            self._add(entry)

    def get(self, key: str, kind: str) -> Entry:
        """The entry; ``KeyError`` when there is none."""
        return self._entries[kind, key]

    def entries(self, kind: str) -> list[Entry]:
        """All entries of a kind in the order of the files; ``LexiconError`` for an unknown kind."""
        if kind not in KINDS:
            raise LexiconError(f"Unknown kind {kind!r}.", hint=f"Known kinds: {', '.join(KINDS)}.")
        return [entry for entry in self._entries.values() if entry.kind == kind]

    def broader(self, entry: Entry) -> frozenset[str]:
        """Keys of the entry and of everything that it is a sort of."""
        place = (entry.kind, entry.key)
        if place not in self._broader:
            found, todo = {entry.key}, list(entry.parents)
            while todo:
                parent = todo.pop()
                if parent not in found:
                    found.add(parent)
                    todo.extend(self._entries[entry.kind, parent].parents)
            self._broader[place] = frozenset(found)
        return self._broader[place]

    def equivalent(self, known: Entry, said: Entry) -> bool:
        """Whether a text may say ``said`` of something known to be ``known``: the same, or broader.

        ``equivalent(navy, blue)`` is true, ``equivalent(blue, navy)`` is not.
        """
        return known.kind == said.kind and said.key in self.broader(known)

    def find(self, text: str, language: str | None = None) -> list[Match]:
        """Entries in ``text``, left to right, the longest name at each place.

        Where the same words name several entries (the colour and the metal gold), each is given, with equal offsets;
        the goods named beside them decide where they can ("Krem Pantolon" is a colour, "El Kremi" is not).

        Args:
            language: ``ru``, ``tr`` or ``en`` to look for names of that language only; ``None`` for all.
        """
        return negation.mark(text, by_company(plausible(text, self._search(text, language, every=False))))

    def find_all(self, text: str, language: str | None = None) -> list[Match]:
        """As :meth:`find`, with shorter names inside of longer ones and doubtful short ones: what a text might say."""
        return negation.mark(text, self._search(text, language, every=True))

    def find_at(self, text: str, start: int, end: int) -> list[Match]:
        """All names that begin exactly at ``start`` and end before ``end``, unfiltered; offsets are in ``text``."""
        line = [Token(token.base, token.start + start, token.end + start) for token in tokens(text[start:end])]
        if not line or line[0].start != start:
            return []
        readings = [self.words(token.base) for token in line]
        here = self._at(text, line, readings, 0, None)
        ends = [(entry, line[count - 1].end) for entry, count, _, _ in here]
        return [Match(entry, start, stop, text[start:stop]) for entry, stop in ends]

    def say_ru(self, entry: Entry, *, case: str = "nomn", number: str = "sing", gender: str | None = None) -> str:
        """The entry in Russian: its noun, or with ``gender`` its adjective agreed.

        Args:
            case: ``nomn``, ``gent``, ``datv``, ``accs``, ``ablt``, ``loct``.
            number: ``sing`` or ``plur``.
            gender: ``masc``, ``femn``, ``neut`` of the noun that the adjective stands with (``masc`` for ``plur``).

        Raises:
            ValueError: ``gender`` is given and the entry has no adjective.
        """
        if gender is None and entry.ru != entry.ru_adj:
            return morphology.inflect(entry.ru, case, number=number)
        if entry.ru_adj is None:
            raise ValueError(f"{entry.kind} {entry.key} has no Russian adjective")
        return morphology.adjective(entry.ru_adj, case=case, number=number, gender=gender or "masc")

    def words(self, token: str) -> dict[str, tuple[int, bool]]:
        """Readings of one word that occur in names: key → (rank, negated); rank 0 is the most literal. Cached."""
        known = self._readings.get(token)
        if known is None:
            known = {}
            for rank, key in enumerate(text_keys(token)):
                if key.value in self._vocabulary and key.value not in known:
                    known[key.value] = (rank if not key.value.startswith("ru:") else 0, key.negated)
            if len(self._readings) >= _CACHED_WORDS:
                self._readings.clear()
            self._readings[token] = known
        return known

    def _add(self, entry: Entry) -> None:
        named = (
            ("ru", (*entry.ru_forms, *entry.adj_forms)),
            ("tr", entry.tr),
            ("en", entry.en),
            ("other", entry.other),
        )
        for language, names in named:
            for name in names:
                parts = [token.base for token in tokens(name)]
                if not parts:
                    raise LexiconError(f"{entry.kind} {entry.key!r}: the name {name!r} has no letter.")
                words = tuple(form_keys(part, language) for part in parts)
                self._file(_Phrase(entry, language, words))
                if language == "tr" and len(parts) > 1 and (bare := _without_possessive(parts[-1])):
                    # "diş macunu" stands in texts as "diş macunları": the plural goes between stem and possessive
                    self._file(_Phrase(entry, language, (*words[:-1], form_keys(bare, language))))
        for name in entry.exact:
            surfaces = tuple(TOKEN.findall(name))
            self._exact[surfaces[0]].append(_Phrase(entry, "other", (), surfaces))

    def _file(self, phrase: _Phrase) -> None:
        for keys in phrase.words:
            self._vocabulary.update(keys)
        for key in phrase.words[0]:
            self._index[key].append(phrase)

    def _search(self, text: str, language: str | None, *, every: bool) -> list[Match]:
        found: list[Match] = []
        line = tokens(text)
        readings = [self.words(token.base) for token in line]
        position = 0
        while position < len(line):
            here = list(self._at(text, line, readings, position, language))
            if not here:
                position += 1
                continue
            longest = max(count for _, count, _, _ in here)
            kept = here if every else [item for item in here if item[1] == longest]
            best = min(rank for _, _, rank, _ in kept)
            seen: set[tuple[Entry, int]] = set()
            for entry, count, rank, negated in kept:
                end = line[position + count - 1].end
                if (entry, end) not in seen and (every or rank == best):
                    seen.add((entry, end))
                    start = line[position].start
                    found.append(Match(entry, start, end, text[start:end], negated))
            position += 1 if every else longest
        return found

    def _at(
        self,
        text: str,
        line: list[Token],
        readings: list[dict[str, tuple[int, bool]]],
        start: int,
        language: str | None,
    ) -> Iterator[tuple[Entry, int, int, bool]]:
        """Names that begin at token ``start``: (entry, tokens, rank, negated)."""
        first = readings[start]
        token = line[start]
        if text[token.end : token.end + 1] in {"-", "‐", "‑"} and token.base[-1:] in {"о", "е"}:
            compound = {f"ru:{token.base[:-1].lower().replace('ё', 'е')}{ending}" for ending in _COMPOUND_ENDS}
            first = {**first, **{key: (1, False) for key in compound if key in self._index}}
        for key, (rank, negated) in first.items():
            for phrase in self._index.get(key, ()):
                if language is not None and phrase.language not in {language, "other"}:
                    continue
                fit = self._fits(phrase, text, line, readings, start)
                if fit is not None:
                    total, lost = rank + fit[0], negated or fit[1]
                    surface = text[token.start : line[start + len(phrase.words) - 1].end].lower()
                    if surface not in phrase.entry.skip:
                        yield phrase.entry, len(phrase.words), total, lost
        for phrase in self._exact.get(token.base, ()):
            surfaces = phrase.surfaces or ()
            if tuple(item.base for item in line[start : start + len(surfaces)]) == surfaces:
                yield phrase.entry, len(surfaces), 0, False

    @staticmethod
    def _fits(
        phrase: _Phrase, text: str, line: list[Token], readings: list[dict[str, tuple[int, bool]]], start: int
    ) -> tuple[int, bool] | None:
        rank, negated = 0, False
        if start + len(phrase.words) > len(line):
            return None
        for offset, keys in enumerate(phrase.words[1:], start + 1):
            values = [readings[offset][key] for key in keys if key in readings[offset]]
            if not values or not _GAP.fullmatch(text, line[offset - 1].end, line[offset].start):
                return None
            least = min(values)
            rank, negated = rank + least[0], negated or least[1]
        return rank, negated


def _without_possessive(word: str) -> str | None:
    low = word.lower()
    if len(low) > 4 and low[-1] in "ıiuü":
        return word[:-2] if low[-2] == "s" and low[-3] in "aeıioöuü" else word[:-1]
    return None


@lru_cache(maxsize=8)
def load(extra: Path | None = None) -> Lexicon:
    """The built-in lexicon, with a user's file or folder merged over it. Cached for each ``extra``.

    Raises:
        LexiconError: A file is missing or wrong.
    """
    return Lexicon(read_entries([BUILT_IN, *([extra] if extra else [])]).values())
