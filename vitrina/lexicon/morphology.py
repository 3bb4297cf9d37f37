"""Russian grammar for short phrases: case, number, agreement, numerals.

Belongs here: inflection by pymorphy3 of words and of noun phrases as they stand in the lexicon. Stays out: meaning.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from vitrina.lexicon.keys import analyzer, plain_ru

_NOUNS = frozenset({"NOUN"})
_ADJECTIVES = frozenset({"ADJF", "PRTF"})
#: First halves of compounds that stay as they are: гель-лака, крем-маски.
_UNCHANGED_FIRST = frozenset({"гель", "крем", "спрей", "кроп", "мини", "джинс", "лак", "тест"})
_INDECLINABLE_ENDS = ("и", "о", "е", "э", "у", "ю")


def inflect(phrase: str, case: str, *, number: str | None = None) -> str:
    """A noun phrase in another case: its head noun and the adjectives before it change, the rest stays.

    Args:
        case: ``nomn``, ``gent``, ``datv``, ``accs``, ``ablt``, ``loct``.
        number: ``sing`` or ``plur``; ``None`` keeps the number that the phrase has.

    ``inflect("зубная паста", "gent")`` → ``зубной пасты``; ``inflect("крем для рук", "ablt")`` → ``кремом для рук``.
    Words that the dictionary does not know and that end in a vowel of indeclinable loans (худи) stay as they are.
    """
    words = phrase.split(" ")
    head = _head(words)
    if head is None:
        return phrase
    noun = _noun(words[head])
    if noun is None:
        return phrase
    gender, many = _gender(noun), _is_plural(noun, number)
    for place in range(head):
        if _reading(words[place], _ADJECTIVES) is not None:
            words[place] = adjective(
                words[place], case=case, number="plur" if many else "sing", gender=gender, animate="anim" in noun.tag
            )
    words[head] = _cased(words[head], noun, case, "plur" if many else "sing")
    return " ".join(words)


def agree(adjective_lemma: str, noun: str, *, case: str = "nomn", number: str | None = None) -> str:
    """The adjective in the gender and number of the noun phrase: ``agree("белый", "футболка")`` → ``белая``.

    Several words ("ярко красный") agree in the last one.
    """
    words = noun.split(" ")
    head = _head(words)
    parse = _noun(words[head]) if head is not None else None
    if head is not None and _indeclinable(words[head]):
        return adjective(adjective_lemma, case=case, number=number or "sing", gender="neut")
    if parse is None:
        return adjective(adjective_lemma, case=case, number=number or "sing", gender="masc")
    many = _is_plural(parse, number)
    return adjective(
        adjective_lemma,
        case=case,
        number="plur" if many else "sing",
        gender=_gender(parse),
        animate="anim" in parse.tag,
    )


@lru_cache(maxsize=20_000)
def adjective(lemma: str, *, case: str, number: str, gender: str = "masc", animate: bool = False) -> str:
    """An adjective or participle in the form asked for; indeclinable words (беж, хаки) stay as they are."""
    *before, last = lemma.split(" ")
    parse = _reading(last, _ADJECTIVES)
    if parse is None:
        return lemma
    wanted = {case, number}
    if number == "sing":
        wanted.add(gender)
    if case == "accs" and (number == "plur" or gender == "masc"):
        wanted.add("anim" if animate else "inan")
    inflected = parse.inflect(wanted)
    if inflected is None:
        return lemma
    form = _keep_yo(inflected.word, last)
    return " ".join([*before, form.capitalize() if last[:1].isupper() else form])


def plural(n: int, noun: str) -> str:
    """The noun phrase as it stands behind a whole number, without the number: 1 таблетка, 2 таблетки, 5 таблеток."""
    tens, ones = abs(n) % 100, abs(n) % 10
    if ones == 1 and tens != 11:
        return inflect(noun, "nomn", number="sing")
    if ones in {2, 3, 4} and tens not in {12, 13, 14}:
        words = noun.split(" ")
        head = _head(words)
        if head is None:
            return noun
        rest = [inflect_adjective_plural(word) for word in words[:head]]
        return " ".join([*rest, inflect(words[head], "gent", number="sing"), *words[head + 1 :]])
    return inflect(noun, "gent", number="plur")


def inflect_adjective_plural(word: str) -> str:
    """Genitive plural of an adjective ("две зубных щётки"); other words stay."""
    return adjective(word, case="gent", number="plur") if _reading(word, _ADJECTIVES) is not None else word


def gender_of(noun: str) -> str:
    """``masc``, ``femn``, ``neut``, or ``plur`` for words without a singular; ``masc`` when it cannot be told."""
    words = noun.split(" ")
    head = _head(words)
    parse = _noun(words[head]) if head is not None else None
    if head is not None and _indeclinable(words[head]):
        return "neut"
    if parse is None:
        return "masc"
    return "plur" if "Pltm" in parse.tag or parse.tag.number == "plur" else _gender(parse)


def _head(words: list[str]) -> int | None:
    for place, word in enumerate(words):
        if _reading(word, _ADJECTIVES) is None and _noun(word) is not None:
            return place
    return next((place for place, word in enumerate(words) if _noun(word) is not None), None)


def _indeclinable(word: str) -> bool:
    """Whether a word is a loan that does not change: unknown to the dictionary, ending in a vowel (худи)."""
    return word.endswith(_INDECLINABLE_ENDS) and not any(parse.is_known for parse in analyzer().parse(word.lower()))


@lru_cache(maxsize=20_000)
def _noun(word: str) -> Any:
    """The reading of a word in the nominative as a noun; the singular before the plural."""
    first = _compound(word)
    if first is not None:
        return _noun(first[0])
    parses = [parse for parse in analyzer().parse(word.lower()) if parse.tag.POS == "NOUN" and parse.tag.case == "nomn"]
    parses.sort(key=lambda parse: (not parse.is_known, "Name" in parse.tag or "Surn" in parse.tag, -parse.score))
    return parses[0] if parses else None


@lru_cache(maxsize=20_000)
def _reading(word: str, kinds: frozenset[str]) -> Any:
    for parse in analyzer().parse(word.lower()):
        if parse.tag.POS in kinds and parse.tag.case == "nomn":
            if _noun(word) is not None and _noun(word).is_known and parse.score < 0.3:
                return None
            return parse
    return None


def _gender(parse: Any) -> str:
    return parse.tag.gender or "masc"


def _is_plural(parse: Any, number: str | None) -> bool:
    if "Pltm" in parse.tag or parse.tag.number == "plur":
        return True
    return number == "plur" and "Sgtm" not in parse.tag


def _cased(word: str, parse: Any, case: str, number: str) -> str:
    if word.isupper() or _indeclinable(word):
        return word
    start, hyphen, rest = word.partition("-")
    if hyphen and start in _UNCHANGED_FIRST and (last := _noun(rest)) is not None:
        return f"{start}-{_cased(rest, last, case, number)}"
    parts = _compound(word)
    if parts is not None:  # платье-рубашка: both change
        return "-".join(_cased(part, _noun(part), case, number) for part in parts)
    inflected = parse.inflect({case, number}) or parse.inflect({case})
    if inflected is None:
        return word
    result = _keep_yo(inflected.word, word)
    if word[:1].isupper():
        pieces = zip(result.split("-"), word.split("-"), strict=False)
        return "-".join(piece.capitalize() if model[:1].isupper() else piece for piece, model in pieces)
    return result


@lru_cache(maxsize=20_000)
def _compound(word: str) -> tuple[str, str] | None:
    """The two nouns of a hyphenated word that the dictionary lacks as a whole; ``None`` for any other word."""
    parts = word.split("-")
    if (
        len(parts) != 2
        or parts[0] in _UNCHANGED_FIRST
        or any(parse.is_known and "-" in parse.normal_form for parse in analyzer().parse(word.lower()))
    ):
        return None
    nouns = [_noun(part) for part in parts]
    return (parts[0], parts[1]) if all(noun is not None and noun.is_known for noun in nouns) else None


def _keep_yo(form: str, lemma: str) -> str:
    """The dictionary lists forms with ё; a lemma given with ё keeps it where the stem is the same."""
    if "ё" not in lemma or "ё" in form:
        return form
    common = 0
    while common < min(len(form), len(lemma)) and plain_ru(form[common]) == plain_ru(lemma[common]):
        common += 1
    return lemma[:common] + form[common:] if "ё" in lemma[:common] else form
