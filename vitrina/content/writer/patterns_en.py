"""Sentence patterns of the English writer; see ``patterns_ru`` for what the fields mean.

Belongs here: wording only. Stays out: choosing and filling (``compose``).
"""

from __future__ import annotations

from vitrina.content.writer.patterns_ru import Patterns

NAMED: Patterns = {
    "category": (
        "{name}, listed under {category}.",
        "{name} belongs to {category}.",
        "From {category}: {name}.",
        "{name}. Catalogue section: {category}.",
    ),
    "plain": ("{name}.", "This page is about {name}."),
}
COMPOSED: tuple[str, ...] = ("{Thing}{tail}.", "This is {thing}{tail}.", "On this page: {thing}{tail}.")
COMPOSED_CATEGORY: tuple[str, ...] = ("Catalogue section: {category}.", "It is listed under {category}.")
PATH: tuple[str, ...] = ("Catalogue section: {path}.",)
UNKNOWN: tuple[str, ...] = ("An item from {category}.", "Catalogue section: {category}.")

SENTENCES: Patterns = {
    "brand": ("The brand is {v}.", "It is sold under the brand {v}."),
    "color": ("The colour is {v}.", "Colour of the {subject}: {v}."),
    "colors": ("Colours: {v}.", "The colours are {v}."),
    "gender": ("The {subject} is for {g}.", "Made for {g}."),
    "age": ("Age group: {v}.", "The {subject} is for {g}."),
    "season": ("Season: {v}.", "The season is {v}."),
    "country": ("Country of origin: {v}.", "It was made in {v}."),
    "volume": ("The volume is {v}.", "The pack holds {v}."),
    "mass": ("The stated amount is {v}.", "The label says {v}."),
    "count": ("The pack holds {v}.", "Pack size: {v}."),
    "spf": ("Sun protection factor: {v}.",),
    "activity": ("The stated activity is {v}.",),
    "pair": ("The set holds {v}.",),
    "sizes": ("Sizes: {v}.", "The stated sizes are {v}."),
    "size": ("The size is {v}.", "Stated size: {v}."),
    "details": ("Details: {v}.", "The cut: {v}."),
    "closure": ("Closure: {v}.", "The closure is {v}."),
    "pattern": ("Pattern: {v}.", "The pattern is {v}."),
    "skin": ("The {subject} is for {g}.", "It is meant for {g}."),
    "ingredients": ("The ingredients include {v}.", "Ingredients named: {v}."),
    "ingredient": ("The ingredients include {v}.", "Ingredient named: {v}."),
    "without": ("It is made without {g}.", "Without {g}."),
    "material_garment": ("Composition: {v}.", "The material is {v}.", "It is made of {v}."),
    "material_care": ("The material is {v}.",),
}
BULLETS: Patterns = {
    "brand": ("Brand: {v}",), "color": ("Colour: {v}",), "colors": ("Colours: {v}",), "gender": ("For {g}",),
    "age": ("Age group: {v}",), "season": ("Season: {v}",), "country": ("Country of origin: {v}",),
    "volume": ("Volume: {v}",), "mass": ("Stated amount: {v}",), "count": ("Pack size: {v}",), "spf": ("{v}",),
    "activity": ("Stated activity: {v}",), "pair": ("In the set: {v}",), "sizes": ("Sizes: {v}",),
    "size": ("Size: {v}",), "details": ("Details: {v}",), "closure": ("Closure: {v}",),
    "pattern": ("Pattern: {v}",), "skin": ("For {g}",),
    "ingredients": ("Ingredients: {v}",), "ingredient": ("Ingredient: {v}",), "without": ("Without {g}",),
    "material_garment": ("Material: {v}",), "material_care": ("Material: {v}",),
}  # fmt: skip
LIST_LEADS: tuple[str, ...] = ("In short:", "What is known:", "Key facts:", "At a glance:")
CARD_VAGUE: tuple[str, ...] = (
    "Details are given in the description.", "All main characteristics are on the page.",
    "This card gives general information.", "See the characteristics before buying.",
)  # fmt: skip
CARD_WARM: tuple[str, ...] = (
    "A good choice for every day.", "A pleasant purchase for oneself or as a gift.", "A decent option for its price.",
    "A purchase to be glad of.",
)  # fmt: skip
SPECS: tuple[str, ...] = ("{V}.", "Also stated: {v}.", "Further characteristics: {v}.")
SUBJECTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "garment": (("model", "model", "model", "meant", "made"), ("item", "item", "item", "meant", "made")),
    "care": (("product", "product", "product", "meant", "made"),),
    "goods": (("item", "item", "item", "meant", "made"),),
}
