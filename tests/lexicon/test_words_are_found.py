"""Finding entries in Russian, Turkish and English text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.lexicon import Lexicon, LexiconError, load
from vitrina.lexicon.entries import KINDS


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load()


FOUND = [
    ("тёмно-синего платья", "color", "navy"),
    ("ТЕМНО-СИНЯЯ футболка", "color", "navy"),
    ("Lacivert Kadın Elbise", "color", "navy"),
    ("açık mavi gömlek", "color", "light_blue"),
    ("AÇIK MAVİ", "color", "light_blue"),
    ("KIRMIZI", "color", "red"),
    ("kirmizi", "color", "red"),
    ("Sarı", "color", "yellow"),
    ("Gül kurusu", "color", "dusty_rose"),
    ("khaki trousers", "color", "khaki"),
    ("из хлопковой ткани", "material", "cotton"),
    ("%100 pamuktan", "material", "cotton"),
    ("pamuklu", "material", "cotton"),
    ("İpekli", "material", "silk"),
    ("льна", "material", "linen"),
    ("faux fur coat", "material", "faux_fur"),
    ("искусственной кожей", "material", "faux_leather"),
    ("сделано из кожи", "material", "leather"),
    ("nubuktan", "material", "nubuck"),
    ("Сделано в Турции", "country", "turkey"),
    ("Türkiye'de üretilmiştir", "country", "turkey"),
    ("турецкая", "country", "turkey"),
    ("Страна: TR", "country", "turkey"),
    ("Южной Кореи", "country", "south_korea"),
    ("kadınlar için", "gender", "women"),
    ("мужских", "gender", "men"),
    ("kız çocuk", "gender", "girl"),
    ("детских", "age", "children"),
    ("bebekler", "age", "baby"),
    ("diş macunları", "care", "toothpaste"),
    ("зубной пастой", "care", "toothpaste"),
    ("şampuanı", "care", "shampoo"),
    ("SAMPUAN", "care", "shampoo"),
    ("El Kremi", "care", "hand_cream"),
    ("кроссовках", "garment", "sneakers"),
    ("tişörtler", "garment", "t_shirt"),
    ("dresses", "garment", "dress"),
    ("худи", "garment", "hoodie"),
    ("в наборе 3XL", "size", "3xl"),
    ("2XL", "size", "xxl"),
    ("tek beden", "size", "one_size"),
    ("гиалуроновой кислотой", "ingredient", "hyaluronic_acid"),
    ("E vitamini", "ingredient", "vitamin_e"),
    ("дерматологически протестировано", "certificate", "dermatologically_tested"),
    ("Dermatolojik olarak test edilmiştir", "certificate", "dermatologically_tested"),
    ("излечивает", "medical", "cures"),
    ("uzun kollu", "sleeve", "long_sleeve"),
    ("на молнии", "closure", "zip"),
    ("увлажняет кожу", "effect", "moisturising"),
]


@pytest.mark.parametrize(("text", "kind", "key"), FOUND)
def test_a_word_is_found_in_any_form(lexicon: Lexicon, text: str, kind: str, key: str) -> None:
    found = {(match.entry.kind, match.entry.key) for match in lexicon.find(text)}
    assert (kind, key) in found


NOT_FOUND = [
    ("L'Oréal Paris", "size"),
    ("Мы стали лучше", "material"),
    ("more gold", "size"),
    ("kadro", "gender"),
    ("сальных желез", "ingredient"),
    ("Хранить в недоступном для детей месте", "age"),
    ("чёрная пятница", "color"),
    ("Made for M. Jackson", "size"),
]


@pytest.mark.parametrize(("text", "kind"), NOT_FOUND)
def test_a_word_that_only_looks_like_an_entry_is_left_alone(lexicon: Lexicon, text: str, kind: str) -> None:
    assert [match.surface for match in lexicon.find(text) if match.entry.kind == kind] == []


NEGATED = [
    ("без парабенов", {"paraben"}),
    ("без вредных парабенов и сульфатов", {"paraben", "sulfate"}),
    ("не содержит спирта", {"alcohol"}),
    ("parabensiz", {"paraben"}),
    ("Alkolsüz", {"alcohol"}),
    ("Paraben, silikon ve alkol içermez", {"paraben", "silicone", "alcohol"}),
    ("paraben-free", {"paraben"}),
    ("free from sulfates", {"sulfate"}),
    ("с пантенолом, без спирта", {"alcohol"}),
    ("soft cotton", set()),
]


@pytest.mark.parametrize(("text", "keys"), NEGATED)
def test_absence_is_understood_in_three_languages(lexicon: Lexicon, text: str, keys: set[str]) -> None:
    assert {match.entry.key for match in lexicon.find(text) if match.negated} == keys


@pytest.mark.parametrize(
    ("text", "surface", "kinds"),
    [
        ("Krem Pantolon", "Krem", {"color"}),
        ("Krem 50 ml, şampuan", "Krem", {"care"}),
        ("Мятное платье", "Мятное", {"color"}),
        ("Мятный шампунь", "Мятный", {"ingredient"}),
        ("Мятный", "Мятный", {"color", "ingredient"}),
    ],
)
def test_the_goods_beside_a_word_decide_what_it_means(
    lexicon: Lexicon, text: str, surface: str, kinds: set[str]
) -> None:
    assert {match.entry.kind for match in lexicon.find(text) if match.surface == surface} == kinds


def test_the_longest_name_wins(lexicon: Lexicon) -> None:
    assert [match.entry.key for match in lexicon.find("светло-голубой")] == ["light_blue"]


def test_letter_sizes_in_a_list_are_found(lexicon: Lexicon) -> None:
    keys = [match.entry.key for match in lexicon.find("Размеры S, M и L") if match.entry.kind == "size"]
    assert keys == ["s", "m", "l"]


def test_one_language_alone_can_be_asked_for(lexicon: Lexicon) -> None:
    assert lexicon.find("pamuk", "ru") == []
    assert lexicon.find("pamuk", "tr")[0].entry.key == "cotton"


def test_the_broader_word_may_be_said_and_the_narrower_may_not(lexicon: Lexicon) -> None:
    navy, blue = lexicon.get("navy", "color"), lexicon.get("blue", "color")
    assert lexicon.equivalent(navy, blue)
    assert not lexicon.equivalent(blue, navy)
    assert lexicon.equivalent(blue, blue)


def test_an_unknown_kind_is_refused_with_the_known_ones(lexicon: Lexicon) -> None:
    with pytest.raises(LexiconError, match="color"):
        lexicon.entries("colour")


def test_every_name_of_the_data_is_found_by_its_own_entry(lexicon: Lexicon) -> None:
    lost = [
        (kind, entry.key, name)
        for kind in KINDS
        for entry in lexicon.entries(kind)
        for name in (*entry.ru_forms, *entry.adj_forms, *entry.tr, *entry.en, *entry.other, *entry.exact)
        if name.lower() not in entry.skip
        and not any(match.entry is entry for match in lexicon.find_all(f"12 {name}"))
        and (kind, len(name)) != ("size", 1)
    ]
    assert lost == []


def test_russian_names_are_found_in_every_case(lexicon: Lexicon) -> None:
    lost = []
    for kind in ("material", "country", "garment", "care", "ingredient"):
        for entry in lexicon.entries(kind):
            for case in ("gent", "datv", "ablt", "loct"):
                said = lexicon.say_ru(entry, case=case)
                if said not in entry.skip and not any(match.entry is entry for match in lexicon.find_all(said)):
                    lost.append((entry.key, said))
    assert len(lost) <= 6, lost  # the dictionary's own slips, such as a rare word with two lemmas


def test_the_data_has_the_breadth_that_the_catalogue_needs(lexicon: Lexicon) -> None:
    least = {"color": 120, "material": 100, "country": 80, "garment": 150, "care": 150, "unit": 50, "ingredient": 120}
    assert {kind: len(lexicon.entries(kind)) >= count for kind, count in least.items()} == dict.fromkeys(least, True)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_searched_and_offsets_hold(text: str) -> None:
    for match in load().find(text):
        assert text[match.start : match.end] == match.surface
