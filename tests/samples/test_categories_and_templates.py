"""The sample categories and templates: keys, references, counts, and what facts may not say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from vitrina.lexicon import load as load_lexicon

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LANGUAGES = {"ru", "tr", "en"}
TYPES = {"description", "category_example", "attribute_extraction", "image_prompt"}
WORD = re.compile(r"[^\W_]+(?:[-,.][^\W_]+)*")
FORBIDDEN = re.compile(r"уникальн|невероятн|(?:наи)?лучш(?:ий|ая|ее|ие|его|ей|их|ему|им|ую|ими|ем)\b", re.IGNORECASE)


def load(name: str) -> list[dict[str, Any]]:
    content = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(content) == [name]
    return content[name]


CATEGORIES = load("categories")
TEMPLATES = load("templates")
PARENTS = {category["parent"] for category in CATEGORIES}
LEAVES = {category["slug"]: category for category in CATEGORIES if category["slug"] not in PARENTS}
DESCRIPTIONS = [template for template in TEMPLATES if template["type"] == "description"]


def test_slugs_are_unique_and_parents_stand_before_their_children() -> None:
    seen: set[str | None] = {None}
    for category in CATEGORIES:
        assert category["parent"] in seen, category["slug"]
        assert category["slug"] not in seen
        seen.add(category["slug"])
    assert 35 <= len(LEAVES) <= 45


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category["slug"])
def test_a_category_has_exactly_its_keys_in_three_languages(category: dict[str, Any]) -> None:
    assert set(category) == {"slug", "parent", "names", "synonyms", "examples", "needs_review"}
    assert set(category["names"]) == set(category["synonyms"]) == LANGUAGES
    assert all(isinstance(name, str) and name for name in category["names"].values())
    assert all(isinstance(word, str) and word for words in category["synonyms"].values() for word in words)
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", category["slug"])


def test_leaves_have_examples_in_two_alphabets_and_none_stands_twice() -> None:
    for slug, leaf in LEAVES.items():
        assert 10 <= len(leaf["examples"]) <= 14, slug
        assert any(re.search("[а-я]", example) for example in leaf["examples"]), slug
        assert any(not re.search("[а-яА-Я]", example) for example in leaf["examples"]), slug
    counts = Counter(example.casefold() for category in CATEGORIES for example in category["examples"])
    assert max(counts.values()) == 1


def test_medicines_are_always_looked_at() -> None:
    assert [category["slug"] for category in CATEGORIES if category["needs_review"]] == ["lekarstva"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["name"])
def test_a_template_has_exactly_its_keys(template: dict[str, Any]) -> None:
    assert set(template) == {"name", "type", "category", "language", "content", "facts"}
    assert template["type"] in TYPES
    assert template["language"] == "ru"
    assert template["category"] is None or template["category"] in {category["slug"] for category in CATEGORIES}
    assert set(template["facts"]) == {"use", "care", "size"}


def test_names_of_templates_are_unique() -> None:
    assert len({template["name"] for template in TEMPLATES}) == len(TEMPLATES)


def test_every_leaf_has_a_description_template() -> None:
    assert {template["category"] for template in DESCRIPTIONS} == set(LEAVES)
    assert {template["type"] for template in TEMPLATES} == TYPES


@pytest.mark.parametrize("template", DESCRIPTIONS, ids=lambda template: template["category"])
def test_an_example_text_is_of_the_length_and_the_tags_of_a_description(template: dict[str, Any]) -> None:
    text = re.sub(r"<[^>]+>", " ", template["content"])
    assert 115 <= len(WORD.findall(text)) <= 180
    assert set(re.findall(r"</?(\w+)", template["content"])) <= {"p", "ul", "li"}
    assert not FORBIDDEN.search(text)


@pytest.mark.parametrize("template", DESCRIPTIONS, ids=lambda template: template["category"])
def test_facts_are_whole_sentences_without_figures(template: dict[str, Any]) -> None:
    facts = [fact for group in template["facts"].values() for fact in group]
    assert len(facts) >= 6
    assert len(set(facts)) == len(facts)
    for fact in facts:
        assert re.fullmatch(r"[А-ЯЁ][^<>\d%\n]+\.", fact), fact
        assert not FORBIDDEN.search(fact)


def test_facts_name_nothing_that_only_one_product_has() -> None:
    """A material or a colour in them would count as known of every product of the category."""
    lexicon = load_lexicon()
    kinds = {"material", "color", "country", "season", "medical", "effect"}
    found = [
        (template["category"], match.surface)
        for template in DESCRIPTIONS
        for group in template["facts"].values()
        for fact in group
        for match in lexicon.find(fact)
        if match.entry.kind in kinds
    ]
    assert found == []
