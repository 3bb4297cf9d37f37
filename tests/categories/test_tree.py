"""The tree: its file, its paths, resolving names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.categories.nearest import NearestCategories
from vitrina.categories.tree import CategoryNode, CategoryTree, CategoryTreeError
from vitrina.categories.tree_file import read_tree

GOOD = """
categories:
- slug: odezhda
  parent: null
  names: {ru: Одежда, tr: Giyim, en: Clothing}
- slug: platya
  parent: odezhda
  names: {ru: Платья, en: Dresses}
  synonyms: {ru: [сарафан], tr: [elbise]}
  examples: [Платье летнее, "Elbise 2024"]
  needs_review: true
  facts: [Стирать при 30 градусах.]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "categories.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_becomes_a_tree_with_paths_and_labels(tmp_path: Path) -> None:
    tree = read_tree(write(tmp_path, GOOD))
    assert tree.path("platya") == "Одежда > Платья"
    assert tree.path("platya", "tr") == "Giyim > Платья"
    assert tree.leaves == ("platya",)
    assert tree.needs_review("platya")
    assert tree["platya"].facts == ("Стирать при 30 градусах.",)
    rows = tree.labelled()
    assert [row.title for row in rows if row.is_title] == ["Платье летнее", "Elbise 2024"]
    assert {"сарафан", "elbise", "Dresses"} <= {row.title for row in rows if not row.is_title}
    assert tree.document("platya") == "Одежда Платья. Clothing Dresses. сарафан. elbise"


def test_the_sample_tree_is_sound() -> None:
    path = Path(__file__).parents[2] / "samples" / "categories.yaml"
    if not path.is_file():
        pytest.skip("there is no sample tree")
    tree = read_tree(path)
    assert len(tree.leaves) >= 20
    assert all(tree[slug].examples for slug in tree.leaves)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lists no categories"),
        ("categories: {}", "lists no categories"),
        ("a: [1, 2", "line 1"),
        ("categories: [&a {slug: x}, *a]", "aliases"),
        ("categories: [5]", "5 is no category"),
        ("categories:\n- slug: Платья\n  names: {ru: Платья}", "line 2: slug 'Платья' must be"),
        ("categories:\n- slug: a\n  names: {en: A}", "line 2: names must be texts"),
        ("categories:\n- slug: a\n  names: {ru: А}\n  colour: red", "line 2: unknown keys colour"),
        ("categories:\n- slug: a\n  names: {ru: А, de: A}", "unknown languages de"),
        ("categories:\n- slug: a\n  names: {ru: А}\n  examples: [2024]", "examples must be a list of texts"),
        ("categories:\n- slug: a\n  slug: b\n  names: {ru: А}", "'slug' stands twice"),
        ("categories:\n- slug: a\n  names: {ru: А}\n- slug: a\n  names: {ru: А}", "line 4: a: the slug stands twice"),
        ("categories:\n- slug: a\n  parent: b\n  names: {ru: А}", "line 2: a: there is no parent 'b'"),
        (
            "categories:\n- {slug: a, parent: b, names: {ru: А}}\n- {slug: b, parent: a, names: {ru: Б}}",
            "line 2: a: the category is above itself",
        ),
    ],
)
def test_a_wrong_file_says_what_and_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CategoryTreeError) as caught:
        read_tree(write(tmp_path, text))
    assert message in str(caught.value)


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CategoryTreeError, match="no file"):
        read_tree(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CategoryTreeError):
        read_tree(tmp_path / "binary.yaml")
    with pytest.raises(CategoryTreeError, match="too deeply"):
        read_tree(write(tmp_path, "[" * 5000))
    with pytest.raises(CategoryTreeError):
        read_tree(write(tmp_path, "categories: [!!python/object/apply:os.system ['true']]"))


@pytest.mark.parametrize(
    ("name", "parent", "slug"),
    [
        ("vitaminy", None, "vitaminy"),
        ("ВИТАМИНЫ", None, "vitaminy"),
        ("Vitamins", None, "vitaminy"),
        ("бад", None, "vitaminy"),
        ("Платья", None, None),
        ("Платья", "Детская одежда", "platya-detskie"),
        ("Платья", "women", "platya"),
        ("Одежда > Женская одежда > Платья", None, "platya"),
        ("Одежда / Детская одежда / Платья", None, "platya-detskie"),
        ("Блузы", None, "rubashki"),
        ("Витамины и добавки", None, "vitaminy"),
        ("Мебель", None, None),
        ("", None, None),
        (" > ", None, None),
        ("одежда", None, "odezhda"),
    ],
)
def test_names_resolve_exactly_then_in_part_and_never_by_guess(
    tree: CategoryTree, name: str, parent: str | None, slug: str | None
) -> None:
    assert tree.resolve(name, parent) == slug


@given(st.text(max_size=30), st.none() | st.text(max_size=10))
def test_any_name_resolves_to_a_category_or_to_none(name: str, parent: str | None) -> None:
    tree = CategoryTree([CategoryNode("a", None, {"ru": "Платья"}), CategoryNode("b", "a", {"ru": "Юбки"})])
    assert tree.resolve(name, parent) in {None, "a", "b"}


def test_nearest_categories_come_from_names_synonyms_and_examples(tree: CategoryTree) -> None:
    near = NearestCategories(tree)
    first = [found[0].slug for found in near.nearest(["омега-3 капсулы", "блузка шёлковая", "Kız elbise pamuk"])]
    assert first == ["vitaminy", "rubashki", "platya-detskie"]
    assert near.nearest(["漢字"]) == [[]]
    assert near.nearest([]) == []
    assert all(0 < one.similarity <= 1 for one in near.nearest(["платье"])[0])
