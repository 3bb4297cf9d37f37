"""Claims of a text are looked up in the inputs: a table of small cases, mutations, and properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.content.facts import ProductFacts
from vitrina.content.grounding import check


def facts(title: str, description: str | None = None, **more: object) -> ProductFacts:
    return ProductFacts(product_id=1, title=title, description=description, **more)  # type: ignore[arg-type]


DRESS = facts(
    "Kadın Lacivert %95 Pamuk %5 Elastan Elbise",
    "Türkiye'de üretilmiştir. 36-42 beden. 30 derecede yıkayınız.",
    brand="Koton",
    category_path="Одежда > Женщинам > Платья",
)
SHAMPOO = facts(
    "Bioblas Saç Dökülmesine Karşı Şampuan 500 ml",
    "Argan yağı ve E vitamini içerir. Paraben ve sülfat içermez. Dermatolojik olarak test edilmiştir.",
    brand="Bioblas",
    attributes={"Hacim": "500 ml", "Ürün tipi": "Şampuan"},
)
VITAMINS = facts(
    "Omega 3 Balık Yağı 30 Kapsül 1000 mg",
    "Günde 2 kez. 18 yaş ve üzeri yetişkinler için. GMP, helal sertifikalı.",
    attributes={"Adet": "30", "Menşei": "TR"},
)
SET = facts(
    "Boys 100% cotton T-shirt set, 3 pcs, size 158-164, navy and white",
    attributes={"Вес, г": "450", "Возраст": "12 лет"},
)
CREAM = facts(
    "Крем для рук Розовый сад, 75 мл",
    "С маслом ши. Роза дамасская.",
    brand="Голубой Лёд",
    attributes={"Объём, мл": "75"},
)

SUPPORTED = [
    ("Женское платье тёмно-синего цвета.", DRESS),
    ("Синее платье из хлопка с эластаном.", DRESS),
    ("95 % хлопка и 5 % эластана", DRESS),
    ("Хлопковое платье, сделано в Турции", DRESS),
    ("Турецкий бренд Koton", DRESS),
    ("Размеры с 36 по 42", DRESS),
    ("Размеры 36–42", DRESS),
    ("Доступен 38 размер", DRESS),
    ("Стирать при 30 градусах", DRESS),
    ("Стирайте при 30 °C", DRESS),
    ("Мягкая ткань приятна к телу.", DRESS),
    ("Хранить в недоступном для детей месте", DRESS),
    ("Стирайте с вещами тёмных цветов", DRESS),
    ("1. Надеть. 2. Носить.", DRESS),
    ("Шампунь объёмом 500 мл", SHAMPOO),
    ("Флакон 0,5 л", SHAMPOO),
    ("0.5 литра", SHAMPOO),
    ("50 cl", SHAMPOO),
    ("С маслом арганы и витамином Е", SHAMPOO),
    ("Без парабенов и сульфатов", SHAMPOO),
    ("Не содержит парабенов", SHAMPOO),
    ("Дерматологически протестирован", SHAMPOO),
    ("Прошёл дерматологические испытания", SHAMPOO),
    ("Против выпадения волос", SHAMPOO),
    ("Paraben-free shampoo, 500 ml", SHAMPOO),
    ("30 капсул по 1000 мг", VITAMINS),
    ("Каждая капсула содержит 1 г", VITAMINS),
    ("В упаковке 30 шт.", VITAMINS),
    ("Рыбий жир, омега-3", VITAMINS),
    ("Принимать 2 раза в день", VITAMINS),
    ("Для взрослых старше 18 лет", VITAMINS),
    ("Сертифицировано как халяль, GMP", VITAMINS),
    ("Произведено в Турции", VITAMINS),
    ("Футболки для мальчиков, 3 штуки", SET),
    ("Детский набор из 100 % хлопка", SET),
    ("Рост 158–164 см", SET),
    ("Размер 160", SET),
    ("Синие и белые футболки", SET),
    ("Три штуки в наборе", SET),
    ("Два варианта носки", SET),
    ("Вес набора 450 г", SET),
    ("Вес 0,45 кг", SET),
    ("Для детей 12 лет", SET),
    ("Крем Голубой Лёд с розой", CREAM),
    ("Розовый аромат и 75 мл", CREAM),
    ("Масло ши питает кожу", CREAM),
    ("Объём 75 мл", CREAM),
    ("Лёгкая текстура быстро впитывается.", CREAM),
    ("Кремовая текстура", CREAM),
    ("Не лечит и не заменяет приём врача", CREAM),
    ("", CREAM),
]


@pytest.mark.parametrize(("text", "inputs"), SUPPORTED)
def test_what_the_inputs_say_is_supported(text: str, inputs: ProductFacts) -> None:
    found = check(text, inputs)
    assert (found.findings, found.score) == ([], 1.0)


UNSUPPORTED = [
    ("Чёрное платье", DRESS, [("color", "Чёрное")]),
    ("Мужская рубашка", DRESS, [("gender", "Мужская")]),
    ("100 % хлопок", DRESS, [("percentage", "100 %")]),
    ("Шёлковое платье", DRESS, [("material", "Шёлковое")]),
    ("Сделано в Италии", DRESS, [("country", "Италии")]),
    ("Размер 48", DRESS, [("size", "48")]),
    ("Размеры 36–46", DRESS, [("size", "36–46")]),
    ("Есть размер XL", DRESS, [("size", "XL")]),
    ("Коллекция 2024 года", DRESS, [("number", "2024 года")]),
    ("С 2 карманами", DRESS, [("number", "2 карманами")]),
    ("Стирать при 40 °C", DRESS, [("number", "40 °C")]),
    ("С двумя карманами", DRESS, [("number", "двумя карманами")]),
    ("Всего за 199 ₽", DRESS, [("number", "199")]),
    ("Пояс 90 см", DRESS, [("number", "90 см")]),
    ("Соответствует ГОСТ", DRESS, [("certificate", "ГОСТ")]),
    ("5 % хлопка и 95 % эластана", DRESS, [("percentage", "5 %"), ("percentage", "95 %")]),
    ("Шампунь 400 мл", SHAMPOO, [("number", "400 мл")]),
    ("0,4 л", SHAMPOO, [("number", "0,4 л")]),
    ("С кератином", SHAMPOO, [("ingredient", "кератином")]),
    ("Содержит парабены", SHAMPOO, [("ingredient", "парабены")]),
    ("Без силиконов", SHAMPOO, [("absence", "силиконов")]),
    ("Клинически доказано", SHAMPOO, [("certificate", "Клинически доказано")]),
    ("Лечит псориаз", SHAMPOO, [("medical", "Лечит"), ("medical", "псориаз")]),
    ("Гарантирует результат", SHAMPOO, [("medical", "Гарантирует")]),
    ("60 капсул", VITAMINS, [("number", "60 капсул")]),
    ("500 мг", VITAMINS, [("number", "500 мг")]),
    ("С 12 лет", VITAMINS, [("age", "12 лет")]),
    ("С витамином D3", VITAMINS, [("ingredient", "витамином D"), ("number", "3")]),
    ("ISO 9001", VITAMINS, [("certificate", "ISO")]),
    ("Органический продукт", VITAMINS, [("certificate", "Органический")]),
    ("Для девочек", SET, [("gender", "Для девочек")]),
    ("Рост 146 см", SET, [("number", "146 см")]),
    ("Красные футболки", SET, [("color", "Красные")]),
    ("Набор из 5 шт.", SET, [("number", "5 шт")]),
    ("Тёмно-зелёный тюбик", CREAM, [("color", "Тёмно-зелёный")]),
    ("SPF 50", CREAM, [("number", "SPF 50")]),
    ("Одобрено FDA", CREAM, [("certificate", "Одобрено FDA")]),
    ("Халяль", CREAM, [("certificate", "Халяль")]),
    ("Для младенцев", CREAM, [("age", "младенцев")]),
    ("Из Франции, с коллагеном", CREAM, [("country", "Франции"), ("ingredient", "коллагеном")]),
]


@pytest.mark.parametrize(("text", "inputs", "expected"), UNSUPPORTED)
def test_what_the_inputs_do_not_say_is_found(text: str, inputs: ProductFacts, expected: list[tuple[str, str]]) -> None:
    found = check(text, inputs)
    assert [(finding.kind, finding.surface) for finding in found.findings] == expected
    assert found.score < 1


TRUE_TEXT = (
    "Женское платье тёмно-синего цвета: 95 % хлопка, 5 % эластана. Сделано в Турции. Размеры 36–42. Стирка при 30 °C."
)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("95 %", "85 %"), ("5 % эластана", "15 % эластана"), ("тёмно-синего", "бордового"), ("хлопка", "вискозы"),
        ("Турции", "Китае"), ("36–42", "36–52"), ("30 °C", "60 °C"), ("Женское", "Мужское"), ("эластана", "нейлона"),
    ],
)  # fmt: skip
def test_one_changed_fact_is_found(true: str, false: str) -> None:
    assert check(TRUE_TEXT, DRESS).findings == []
    assert check(TRUE_TEXT.replace(true, false), DRESS).findings != []


def test_markup_is_no_part_of_the_text_and_offsets_are_those_of_the_plain_text() -> None:
    found = check("<p>Платье <b>чёрное</b></p><ul><li>100&nbsp;% шёлк</li></ul>", DRESS)
    assert [finding.kind for finding in found.findings] == ["color", "percentage", "material"]
    assert all(found.plain[finding.start : finding.end] == finding.surface for finding in found.findings)


def test_facts_of_the_category_are_inputs() -> None:
    inputs = facts("Платье", category_facts=("Стирайте при 30 °C с вещами похожих цветов.",))
    assert check("Стирать при 30 градусах", inputs).findings == []
    assert check("Стирать при 40 градусах", inputs).findings != []


def test_an_explanation_says_what_the_inputs_have() -> None:
    assert "500" in check("400 мл", SHAMPOO).findings[0].explanation


def test_a_word_with_two_meanings_in_the_inputs_supports_both() -> None:
    assert check("Кремовые брюки", facts("Kadın Krem Pantolon")).findings == []


def test_two_bottles_of_fifty_are_a_hundred() -> None:
    inputs = facts("Serum 2 x 50 ml")
    assert check("Всего 100 мл: 2 флакона по 50 мл", inputs).findings == []


def test_letter_sizes_within_a_range_are_supported() -> None:
    inputs = facts("T-shirt S-XL")
    assert check("Размеры S, M, L и XL", inputs).findings == []
    assert [finding.surface for finding in check("Размеры M и 3XL", inputs).findings] == ["3XL"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=150), st.text(max_size=60), st.text(max_size=60))
def test_no_text_makes_the_check_fail_and_offsets_hold(text: str, title: str, description: str) -> None:
    found = check(text, facts(title, description))
    assert 0 <= found.score <= 1
    assert all(found.plain[finding.start : finding.end] == finding.surface for finding in found.findings)


_PIECES = st.sampled_from(
    ["Kadın", "Lacivert", "%100 Pamuk", "500 ml", "36-42", "2x50 ml", "SPF50", "B12", "без", "парабенов", "XL", "№ 5",
     "3 кармана", "Türkiye", "Крем", "18+", "чёрный", "paraben içermez", "12 500,5 кг", "24/7", "%"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=10).map(" ".join))
def test_a_text_made_of_the_title_alone_is_supported(title: str) -> None:
    assert check(title, facts(title)).score == 1
