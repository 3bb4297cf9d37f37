"""Prices: every way shops write them, and never a guess."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.feeds.currencies import WORDS, iso_code
from vitrina.feeds.prices import decimal_separator, parse_price

D = Decimal


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1 299 ₽", "1299", "RUB"),
        ("1\u2009299\u2009₽", "1299", "RUB"),
        ("1\u202f299\u00a0₽", "1299", "RUB"),
        ("4 200 р.", "4200", "RUB"),
        ("1 299,00руб", "1299.00", "RUB"),
        ("1 299 руб./шт.", "1299", "RUB"),
        ("169,90 TL", "169.90", "TRY"),
        ("99 TL,00 TL", "99.00", "TRY"),
        ("117,50 TL TL", "117.50", "TRY"),
        ("1.299 TL", "1299", "TRY"),
        ("1.299,00 TL", "1299.00", "TRY"),
        ("₺1.299,00", "1299.00", "TRY"),
        ("599грн", "599", "UAH"),
        ("136,91\nSAR", "136.91", "SAR"),
        ("$1,299", "1299", "USD"),
        ("1,299.00", "1299.00", None),
        ("R$ 1.299,90", "1299.90", "BRL"),
        ("12 Kč", "12", "CZK"),
        ("1'299.50 CHF", "1299.50", "CHF"),
        ("14,5", "14.5", None),
        ("99,-", "99", None),
        ("١٢٫٥ ريال", "12.5", "SAR"),
        ("1 кг / 24.19 руб", "24.19", "RUB"),
        ("118.69491525", "118.69", None),
        ("1299 ₽ 1299 ₽", "1299", "RUB"),
        ("12 500-00", "12500.00", None),
        ("1 250=50 руб.", "1250.50", "RUB"),
        ("10 % 99 ₽", "99", "RUB"),
        ("100 сом", "100", "KGS"),
        ("100 som", "100", "KGS"),
        ("120 000 soʻm", "120000", "UZS"),
        ("12,50 manat", "12.50", "AZN"),
        ("25 лари", "25", "GEL"),
    ],
)
def test_a_price_is_read_as_shops_write_it(text, amount, currency):
    price = parse_price(text)
    assert (price.amount, price.currency, price.note) == (D(amount), currency, None)


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (None, "missing"),
        ("", "missing"),
        ("There is no discount", "filler"),
        ("Отсутствует", "filler"),
        ("<>", "filler"),
        ("НЕТ", "filler"),
        ("null", "filler"),
        ("уточняйте", "filler"),
        ("0", "zero"),
        ("0,00 ₽", "zero"),
        ("-5", "negative"),
        ("-5 ₽", "negative"),
        ("от 100 до 200 ₽", "ambiguous"),
        ("от 500 ₽", "ambiguous"),
        ("5 000 - 7 000 руб.", "ambiguous"),
        ("100–200", "ambiguous"),
        ("1.299", "ambiguous"),
        ("1,299", "ambiguous"),
        ("12 99", "ambiguous"),
        ("100 ₽ / 2 $", "ambiguous"),
        ("1e5", "ambiguous"),
        ("100-200", "ambiguous"),
        ("10%", "not_a_number"),
        ("3 шт", "not_a_number"),
        ("250 ml", "not_a_number"),
        ("крем", "not_a_number"),
        ("99999999999999", "out_of_range"),
        (float("nan"), "not_a_number"),
        (True, "not_a_number"),
        ({"a": 1}, "not_a_number"),
    ],
)
def test_what_cannot_be_told_is_a_note_and_not_a_number(value, note):
    price = parse_price(value)
    assert price.amount is None
    assert price.note == note


def test_numbers_stay_exact():
    assert parse_price(99.9).amount == D("99.9")
    assert parse_price(476.0).amount == D(476)
    assert parse_price(12990, minor=True).amount == D("129.9")
    assert parse_price("0.1").amount + parse_price("0.2").amount == D("0.3")


def test_the_column_says_what_a_doubtful_separator_means():
    assert decimal_separator(["14,5", "17,40", "1 200"]) == ","
    assert decimal_separator(["14,5", "17.40"]) is None
    assert parse_price("1.299", decimal=",").amount == D(1299)
    assert parse_price("1.299", decimal=".").amount == D("1.30")


STYLES = [
    lambda whole, cents: f"{whole:,}".replace(",", " ") + f",{cents:02d} ₽",
    lambda whole, cents: f"{whole:,}".replace(",", "\u2009") + f",{cents:02d}\u00a0руб.",
    lambda whole, cents: f"{whole:,}".replace(",", ".") + f",{cents:02d} TL",
    lambda whole, cents: f"${whole:,}.{cents:02d}",
    lambda whole, cents: f"{whole},{cents:02d}",
    lambda whole, cents: f"{whole}.{cents:02d} грн",
    lambda whole, cents: f"{whole} TL,{cents:02d} TL",
    lambda whole, cents: f"{whole:,}".replace(",", "'") + f".{cents:02d} CHF",
]


@given(st.integers(0, 999_999_999), st.integers(0, 99), st.sampled_from(STYLES))
def test_formatting_then_parsing_gives_the_number_back(whole, cents, style):
    expected = D(f"{whole}.{cents:02d}")
    price = parse_price(style(whole, cents))
    assert price.amount == (expected or None)


@given(st.text(max_size=300) | st.floats() | st.integers() | st.decimals() | st.booleans() | st.none())
def test_no_value_raises(value):
    price = parse_price(value)
    assert (price.amount is None) == (price.note is not None)
    assert price.amount is None or price.amount > 0


@given(st.text(alphabet="0123456789 .,-–'₽TLруб$€\u2009\u00a0", max_size=30))
def test_no_text_of_price_characters_raises(text):
    price = parse_price(text)
    assert price.amount is None or 0 < price.amount < 10**9


def test_every_currency_word_is_found_in_a_price():
    for code, words in WORDS.items():
        for word in words:
            assert parse_price(f"12 {word}").currency == code, word
            assert iso_code(word.upper()) == code or not word.isascii(), word
