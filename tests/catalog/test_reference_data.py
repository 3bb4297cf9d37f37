"""What drops wait for: told by the desk and by ``vitrina doctor``, and the same that the assets of drops need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.catalog.making import day, parsed, take
from tests.desk.conftest import new_client, person
from vitrina.catalog.reference_data import Reference, lacking, missing

__all__ = ["person"]


def test_what_the_platform_makes_of_a_missing_file_is_not_named_beside_it() -> None:
    assert missing([]) == ("categories", "templates")
    assert missing(["categories"]) == ("category_model", "category_vectors", "templates")
    assert missing(["categories", "category_model", "category_vectors", "templates"]) == ("template_vectors",)
    assert missing(list(Reference)) == ()


def test_it_is_what_the_assets_of_drops_need_and_is_not_made_of_drops() -> None:
    from assets.catalog.product_categories import product_categories
    from assets.catalog.product_descriptions import product_descriptions
    from assets.catalog.reference import categories, category_model, category_vectors, template_vectors, templates

    made = {asset.key: asset for asset in (categories, category_model, category_vectors, templates, template_vectors)}
    needed = {
        dep.asset_key.to_user_string()
        for asset in (product_categories, product_descriptions)
        for spec in asset.specs
        for dep in spec.deps
        if dep.asset_key in made
    }
    assert needed | {"categories"} == set(Reference)


def test_each_is_told_until_it_stands(database: str) -> None:
    from vitrina.categories.models import Category, CategoryModelVersion
    from vitrina.content.models import DescriptionTemplate
    from vitrina.vectors.models import VectorCollection

    assert lacking() == ("categories", "templates")
    Category.objects.create(slug="old", name_ru="Прежняя", path_ru="Прежняя", is_active=False)
    assert "categories" in lacking()
    Category.objects.create(slug="dress", name_ru="Платья", path_ru="Платья")
    CategoryModelVersion.objects.create(fit_hash="x", object_key="x", labels=1, classes=1)
    VectorCollection.objects.create(alias="categories", physical="c", embedder_id="e", is_active=True)
    assert lacking() == ("templates",)
    DescriptionTemplate.objects.create(name="t", content="Текст")
    assert lacking() == ("template_vectors",)
    VectorCollection.objects.create(alias="description_templates", physical="t", embedder_id="e", is_active=True)
    assert lacking() == ()


def test_doctor_says_what_to_do(database: str) -> None:
    from vitrina.categories.models import Category
    from vitrina.cli import doctor_checks
    from vitrina.cli.doctor_checks import Level
    from vitrina.config import Settings

    settings = Settings(database_url=database, dagster_database_url=database)  # type: ignore[arg-type]
    tree, templates = doctor_checks._reference(settings)
    assert (tree.level, tree.found) == (Level.WARNING, "not there, so no product gets a category or a text")
    assert "vitrina categories sync" in tree.fix
    assert "vitrina templates import" in templates.fix
    assert not Category.objects.exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "There is no category yet"), ("ru", "Категорий ещё нет")],
)
def test_the_desk_says_it_where_a_list_is_followed_and_in_the_overview(
    person: Callable[..., Any], database: str, language: str, words: str
) -> None:
    client = new_client(headers={"accept-language": language})
    client.force_login(person("moderator"), backend="allauth.account.auth_backends.AuthenticationBackend")
    drop, _ = take(day(1), [parsed("1")])
    for path in (f"/drops/{drop.pk}/", "/numbers/overview/"):
        page = client.get(path).content.decode()
        assert words in page, path
        assert "vitrina categories sync" in page
