"""The tree, its labels and its models in the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vitrina.categories.training import LabelledTitle
from vitrina.categories.tree import CategoryNode, CategoryTree
from vitrina.config import Settings
from vitrina.objects import FolderStore

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.objects_folder)


def without(tree: CategoryTree, slug: str) -> CategoryTree:
    return CategoryTree([node for node in tree.nodes if node.slug != slug])


def renamed(tree: CategoryTree, slug: str, name: str) -> CategoryTree:
    changed: list[CategoryNode] = []
    for node in tree.nodes:
        changed.append(replace(node, names={**node.names, "ru": name}) if node.slug == slug else node)
    return CategoryTree(changed)


def test_a_tree_goes_into_the_tables_and_comes_back_the_same(tree: CategoryTree) -> None:
    from vitrina.categories import services

    done = services.sync_tree(tree)
    assert (done.created, done.updated, done.deactivated) == (len(tree.nodes), 0, 0)
    back = services.load_tree()
    assert services.tree_fingerprint(back) == services.tree_fingerprint(tree)
    assert back.path("platya") == tree.path("platya")
    assert back["vitaminy"].synonyms["ru"] == ("БАД", "омега-3")


def test_the_same_tree_again_changes_nothing(tree: CategoryTree) -> None:
    from vitrina.categories import services

    services.sync_tree(tree)
    again = services.sync_tree(tree)
    assert (again.created, again.updated, again.unchanged, again.deactivated) == (0, 0, len(tree.nodes), 0)


def test_what_the_tree_lacks_is_switched_off_and_comes_back_with_its_id(tree: CategoryTree) -> None:
    from vitrina.categories import services
    from vitrina.categories.models import Category

    services.sync_tree(tree)
    before = Category.objects.get(slug="vitaminy").pk
    assert services.sync_tree(without(tree, "vitaminy")).deactivated == 1
    assert not Category.objects.get(slug="vitaminy").is_active
    assert "vitaminy" not in services.load_tree()
    services.sync_tree(tree)
    row = Category.objects.get(slug="vitaminy")
    assert (row.pk, row.is_active) == (before, True)


def test_a_new_name_is_one_update_and_another_fingerprint(tree: CategoryTree) -> None:
    from vitrina.categories import services

    services.sync_tree(tree)
    other = renamed(tree, "apteka", "Здоровье")
    assert services.sync_tree(other).updated == 2  # its own row, and the path of what is below it
    assert services.tree_fingerprint(other) != services.tree_fingerprint(tree)


def test_labels_are_added_once_and_those_of_unknown_categories_not_at_all(tree: CategoryTree) -> None:
    from vitrina.categories import services

    services.sync_tree(tree)
    labels = [("Платье красное", "platya"), ("платье КРАСНОЕ", "platya"), ("Стол", "mebel")]
    assert services.add_labels(labels, "person") == 1
    assert services.add_labels(labels, "person") == 0


def test_an_example_that_left_the_tree_is_no_label_any_more_and_a_persons_stays(tree: CategoryTree) -> None:
    from vitrina.categories import services
    from vitrina.categories.models import CategoryLabel

    services.sync_tree(tree)
    services.add_labels([("Платье от человека", "platya")], "person")
    bare = CategoryTree([replace(node, examples=()) for node in tree.nodes])
    services.sync_tree(bare)
    assert list(CategoryLabel.objects.values_list("title", flat=True)) == ["Платье от человека"]


def test_a_persons_label_counts_twice(tree: CategoryTree) -> None:
    from vitrina.categories import services

    services.sync_tree(tree)
    services.add_labels([("Платье от человека", "platya")], "person")
    weights = {row.title: row.weight for row in services.training_set()}
    assert weights["Платье от человека"] == 2.0
    assert weights["Платья пример"] == 1.0


def test_the_same_labels_give_the_same_model_and_more_labels_a_new_one(
    store: FolderStore, labelled: list[LabelledTitle]
) -> None:
    from vitrina.categories import services
    from vitrina.categories.models import CategoryModelVersion

    assert services.active_model(store) is None
    slugs = sorted({row.slug for row in labelled})
    services.sync_tree(CategoryTree([CategoryNode(slug, None, {"ru": slug}) for slug in slugs]))
    services.add_labels(((row.title, row.slug) for row in labelled), "file")
    first, new = services.train_model(store)
    assert new
    assert services.train_model(store) == (first, False)
    services.add_labels([("платье совсем новое", "platya")], "person")
    second, new = services.train_model(store)
    assert new
    assert second.fit_hash != first.fit_hash
    assert [row.fit_hash for row in CategoryModelVersion.objects.filter(is_active=True)] == [second.fit_hash]
    model = services.active_model(store)
    assert model is not None
    assert model.fit_hash == second.fit_hash
    assert model.predict(["платье летнее синее"])[0].slug == "platya"


def test_a_model_is_read_from_a_store_without_files(
    store: FolderStore, labelled: list[LabelledTitle], tmp_path: Path
) -> None:
    from vitrina.categories import services
    from vitrina.categories.model import CategoryModel

    class Remote(FolderStore):
        """As a bucket: objects have no path here."""

        def local_path(self, key: str) -> Path | None:
            return None

    slugs = sorted({row.slug for row in labelled})
    services.sync_tree(CategoryTree([CategoryNode(slug, None, {"ru": slug}) for slug in slugs]))
    services.add_labels(((row.title, row.slug) for row in labelled), "file")
    version, _ = services.train_model(store)
    services._loaded.clear()
    model = services.active_model(Remote(store.root))
    assert isinstance(model, CategoryModel)
    assert model.fit_hash == version.fit_hash
