"""Pairs whose answer is known, as the lead of the annotators would make them.

Belongs here: which two texts nobody could confuse. Stays out: the desk. Gold never becomes a preference: models learn
nothing from it.
"""

from __future__ import annotations

import random
from typing import Any

from simulation.products import make_products
from simulation.rubric import score
from vitrina.content.card_writer import write_card
from vitrina.content.facts import ProductFacts
from vitrina.preferences.contracts import prompt_text, shown_facts

#: Products of the gold are none of the goods.
FIRST = 10_000_000
#: Points between the two texts.
CLEAR = 4.0
_POOR = (
    "Отличный товар, который порадует каждого. Идеальный выбор для себя и в подарок. Успейте купить, не пожалеете! "
    "Замечательное качество и приятная цена.",
    "Самый лучший выбор! Прекрасное решение на каждый день, рекомендуем всем. Стильно, удобно, достойно.",
    "Хит продаж! Великолепная вещь превосходного качества. Порадует вас и ваших близких, удачная покупка.",
)


def gold_pairs(seed: int, count: int) -> list[dict[str, Any]]:
    """Rows of an import of pairs (docs/api.md), with ``expected``."""
    found: list[dict[str, Any]] = []
    for product in make_products(seed, count * 5, first=FIRST):
        facts = ProductFacts(
            product.number, product.title, brand=product.brand, category_path=product.category,
            attributes=product.attributes, language="ru",
        )  # fmt: skip
        shown, draw = shown_facts(facts), random.Random(f"gold/{seed}/{product.number}")  # noqa: S311
        good, poor = write_card(facts).text, f"{product.title}. {draw.choice(_POOR)}"
        if score(shown, good) - score(shown, poor) < CLEAR:
            continue
        first = draw.random() < 0.5
        found.append({
            "first": good if first else poor, "second": poor if first else good, "facts": shown, "language": "ru",
            "prompt": prompt_text(facts, "card"), "expected": "first" if first else "second",
        })  # fmt: skip
        if len(found) == count:
            break
    return found
