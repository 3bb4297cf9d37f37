"""Turkish word forms: casing of dotted and dotless i, and stems behind suffixes by vowel harmony.

Belongs here: letters and suffixes of Turkish. Stays out: which stems are words (the lexicon knows).
"""

from __future__ import annotations

from collections.abc import Iterator

_LOWER = str.maketrans({"I": "ı", "İ": "i"})
_FOLD = str.maketrans("çğıöşüâîû", "cgiosuaiu")
_VOWELS = frozenset("aeıioöuüâîû")
_VOICELESS = frozenset("fstkçşhp")
_SPECIAL = frozenset("çğıöşü")
#: Last vowel of the stem → the vowel that a two-way (A) and a four-way (I) suffix takes.
_TWO_WAY = {
    "a": "a",
    "ı": "a",
    "o": "a",
    "u": "a",
    "â": "a",
    "û": "a",
    "e": "e",
    "i": "e",
    "ö": "e",
    "ü": "e",
    "î": "e",
}
_FOUR_WAY = {
    "a": "ı",
    "ı": "ı",
    "o": "u",
    "u": "u",
    "â": "ı",
    "û": "u",
    "e": "i",
    "i": "i",
    "ö": "ü",
    "ü": "ü",
    "î": "i",
}
_SOFTENED = {"ğ": "k", "b": "p", "c": "ç", "d": "t"}
#: Suffixes as written in grammars: A = a/e, I = ı/i/u/ü, D = d/t, C = c/ç; a first letter in brackets is a buffer that
#: follows a vowel. Order is long to short. ``sIz`` negates: parabensiz is "without parabens".
_SUFFIXES: tuple[str, ...] = (
    "lArI", "lAr", "lIk", "lI", "sIz", "DAn", "DA", "nDAn", "nDA", "(n)In", "(y)lA", "nA", "nI", "(s)I", "(y)I", "(y)A",
    "CA", "DIr", "ImIz", "InIz",
)  # fmt: skip
#: Loan words that take front suffixes after a back vowel (alkol → alkolsüz); both harmonies are allowed after ``l``.
_FRONT_L = {"a": ("e", "i"), "o": ("e", "ü"), "u": ("e", "ü")}
#: What a vowel may stand for in text without diacritics.
_UNFOLDED = {"i": "ı", "u": "ü", "o": "ö"}


def lower(text: str) -> str:
    """Lower case by Turkish rules: ``I`` → ``ı``, ``İ`` → ``i``."""
    return text.translate(_LOWER).lower()


def fold(text: str) -> str:
    """Without diacritics, as shops that lack the letters write: ``kırmızı`` → ``kirmizi``. Expects lower case."""
    return text.translate(_FOLD)


def _last_vowel(stem: str) -> str | None:
    return next((letter for letter in reversed(stem) if letter in _VOWELS), None)


def _spell(suffix: str, stem: str, loose: bool) -> Iterator[str]:
    """The spellings that ``suffix`` takes behind ``stem``: one, more behind loan words in l and in loose spelling."""
    vowel = _last_vowel(stem)
    if vowel is None:
        return
    if suffix.startswith("("):
        suffix = suffix[1] + suffix[3:] if stem[-1] in _VOWELS else suffix[3:]
    voiceless = stem[-1] in _VOICELESS
    suffix = suffix.replace("D", "t" if voiceless else "d").replace("C", "ç" if voiceless else "c")
    vowels = {vowel, _UNFOLDED.get(vowel, vowel)} if loose else {vowel}
    pairs = {(_TWO_WAY[each], _FOUR_WAY[each]) for each in vowels}
    if stem[-1] == "l" and vowel in _FRONT_L:
        pairs.add(_FRONT_L[vowel])
    for two_way, four_way in sorted(pairs):
        # lArI: the second vowel follows the first vowel of the suffix, not that of the stem
        spelled = suffix.replace("A", two_way)
        yield spelled.replace("I", _FOUR_WAY[two_way] if "A" in suffix else four_way)


def stems(word: str, *, depth: int = 3) -> Iterator[tuple[str, bool]]:
    """Possible stems of a lower-case word, each with whether a ``-sız`` was taken off.

    Only spellings that vowel harmony and consonant voicing allow are taken off; a softened last consonant is restored
    (``renği`` → ``renk``). A word without any Turkish letter is also tried as one written without diacritics.
    Stems of two letters and less are not given, nor stems of three behind a one-letter suffix.
    """
    loose = not any(letter in _SPECIAL for letter in word)
    seen = {word}
    level = [(word, False)]
    for _ in range(depth):
        following: list[tuple[str, bool]] = []
        for current, negated in level:
            for stem, suffix in _strip(current, loose):
                if stem in seen:
                    continue
                seen.add(stem)
                found = (stem, negated or suffix == "sIz")
                following.append(found)
                yield found
                if stem[-1] in _SOFTENED:
                    yield stem[:-1] + _SOFTENED[stem[-1]], found[1]
                elif stem.endswith("ng"):  # renk → rengi
                    yield stem[:-1] + "k", found[1]
        level = following


def _strip(word: str, loose: bool) -> Iterator[tuple[str, str]]:
    for suffix in _SUFFIXES:
        for length in (1, 2, 3, 4):
            stem, tail = word[:-length], word[-length:]
            if len(stem) < 3 or (length == 1 and len(stem) < 4):
                break
            if any(tail == spelled or (loose and tail == fold(spelled)) for spelled in _spell(suffix, stem, loose)):
                yield stem, suffix
