"""Russian agreement and cases, Turkish casing and suffixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.lexicon import load, morphology, turkish


@pytest.mark.parametrize(
    ("phrase", "case", "said"),
    [
        ("зубная паста", "gent", "зубной пасты"),
        ("крем для рук", "ablt", "кремом для рук"),
        ("джинсы", "loct", "джинсах"),
        ("худи", "gent", "худи"),
        ("лён", "gent", "льна"),
        ("платье-рубашка", "gent", "платья-рубашки"),
        ("гель-лак", "gent", "гель-лака"),
        ("Южная Корея", "gent", "Южной Кореи"),
        ("США", "gent", "США"),
        ("Шри-Ланка", "gent", "Шри-Ланки"),
        ("солнцезащитные очки", "ablt", "солнцезащитными очками"),
    ],
)
def test_a_phrase_declines_by_its_head(phrase: str, case: str, said: str) -> None:
    assert morphology.inflect(phrase, case) == said


@pytest.mark.parametrize(
    ("adjective", "noun", "said"),
    [
        ("тёмно-синий", "платье", "тёмно-синее"),
        ("белый", "кроссовки", "белые"),
        ("чёрный", "худи", "чёрное"),
        ("красный", "пальто", "красное"),
        ("детский", "зубная паста", "детская"),
        ("хаки", "куртка", "хаки"),
    ],
)
def test_an_adjective_agrees_with_its_noun(adjective: str, noun: str, said: str) -> None:
    assert morphology.agree(adjective, noun) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "таблетка"), (2, "таблетки"), (5, "таблеток"), (11, "таблеток"), (21, "таблетка"), (104, "таблетки")],
)
def test_a_noun_follows_its_numeral(n: int, said: str) -> None:
    assert morphology.plural(n, "таблетка") == said


def test_entries_are_said_in_russian() -> None:
    lexicon = load()
    cotton = lexicon.get("cotton", "material")
    assert lexicon.say_ru(cotton, case="gent") == "хлопка"
    assert lexicon.say_ru(cotton, gender="femn", case="accs") == "хлопковую"
    assert lexicon.say_ru(lexicon.get("navy", "color"), gender="neut") == "тёмно-синее"
    with pytest.raises(ValueError, match="no Russian adjective"):
        lexicon.say_ru(lexicon.get("hoodie", "garment"), gender="femn")


def test_turkish_letters_are_cased_by_turkish_rules() -> None:
    assert turkish.lower("IŞIK İPEK") == "ışık ipek"
    assert turkish.fold("kırmızı gömlek") == "kirmizi gomlek"


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("pamuklu", "pamuk"),
        ("elbiseler", "elbise"),
        ("rengi", "renk"),
        ("gömlekleri", "gömlek"),
        ("türkiyeden", "türkiye"),
    ],
)
def test_suffixes_come_off_by_vowel_harmony(word: str, stem: str) -> None:
    assert stem in {found for found, _ in turkish.stems(word)}


@pytest.mark.parametrize(("word", "stem"), [("gömleklar", "gömlek"), ("çantaler", "çanta"), ("düğmelı", "düğme")])
def test_suffixes_against_vowel_harmony_stay(word: str, stem: str) -> None:
    assert stem not in {found for found, _ in turkish.stems(word)}


def test_the_suffix_for_without_is_told() -> None:
    assert ("paraben", True) in set(turkish.stems("parabensiz"))


@given(st.text(alphabet="abcçdefgğhıijklmnoöprsştuüvyz", max_size=24))
def test_any_word_can_be_stripped(word: str) -> None:
    assert all(len(stem) >= 3 for stem, _ in turkish.stems(word))
