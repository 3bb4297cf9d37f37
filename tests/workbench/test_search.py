"""Products are found by words, number, filters and likeness, in pages, by few statements."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog.making import approve_all, catalogue, day, parsed, take, version
from vitrina.config import Settings

pytestmark = pytest.mark.usefixtures("database")


def found(**wanted: str) -> list[str]:
    from vitrina.catalog.models import Product
    from vitrina.catalog.search import Wanted, find

    ids = find(Wanted(**wanted)).ids
    titles = dict(Product.objects.filter(pk__in=ids).values_list("pk", "external_id"))
    return [titles[pk] for pk in ids]


def shop() -> dict[str, Any]:
    take(day(0), [
        parsed("A-1", "Платье летнее из хлопка", brand="Mavi"),
        parsed("A-2", "Платок шёлковый"),
        parsed("A-3", "Крем для рук увлажняющий", brand="Bioderma"),
        parsed("A-4", "Kadın elbise çiçekli"),
    ])  # fmt: skip
    return catalogue()


def test_words_are_found_in_any_form_and_by_how_they_begin() -> None:
    shop()
    assert found(words="платья") == ["A-1"]
    assert found(words="летним платьем") == ["A-1"]
    assert found(words="плат") == ["A-2", "A-1"]
    assert found(words="УВЛАЖНЯЮЩЕГО крема") == ["A-3"]
    assert found(words="biod") == ["A-3"]
    assert found(words="elbi") == ["A-4"]


def test_a_words_form_does_not_find_another_word() -> None:
    shop()
    assert found(words="платье") == ["A-1"]


def test_the_number_of_a_source_comes_first() -> None:
    shop()
    take(day(1), [parsed("777", "Сумка A-3 модель")], source="other")
    assert found(words="A-3")[0] == "A-3"
    assert set(found(words="A-3")) == {"A-3", "777"}


@pytest.mark.parametrize("words", ["' & | !", "'; DROP TABLE catalog_product; --", ":*", "\\", "(((", "%", "\u200b"])
def test_what_is_no_word_finds_nothing_and_harms_nothing(words: str) -> None:
    shop()
    assert found(words=words) == []
    assert len(found()) == 4


def test_a_changed_title_is_found_by_its_new_words() -> None:
    shop()
    assert found(words="летнее") == ["A-1"]
    take(day(1), [parsed("A-1", "Юбка зимняя")])
    assert found(words="летнее") == []
    assert found(words="юбки") == ["A-1"]


def test_searching_twice_writes_nothing_the_second_time() -> None:
    from django.db import connection

    def rows() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT xmin::text, product_id FROM catalog_productwords ORDER BY product_id")
            return list(cursor.fetchall())

    shop()
    found(words="платье")
    before = rows()
    found(words="платье")
    assert rows() == before


def test_filters_narrow_by_source_drop_state_and_category() -> None:
    from vitrina.catalog.models import Publication
    from vitrina.categories.models import Category, ProductCategory

    products = shop()
    drop, _ = take(day(1), [parsed("B-1", "Платье")], source="other")
    top = Category.objects.create(slug="clothes", name_ru="Одежда", path_ru="Одежда")
    low = Category.objects.create(slug="dresses", name_ru="Платья", path_ru="Одежда > Платья", parent=top)
    ProductCategory.objects.create(product=products["A-1"], category=low, decided_by="person", fingerprint="x")
    made = version(products["A-1"])
    Publication.objects.create(product=products["A-1"], version=made, fingerprint="x")
    assert found(source="other") == ["B-1"]
    assert found(drop=drop.key) == ["B-1"]
    assert found(category="clothes") == ["A-1"]
    assert found(category="nothing") == []
    assert found(state="published") == ["A-1"]
    assert set(found(state="no_text")) == {"A-2", "A-3", "A-4", "B-1"}
    assert set(found(state="not_yet")) == {"A-2", "A-3", "A-4", "B-1"}
    assert set(found(state="no_category")) == {"A-2", "A-3", "A-4", "B-1"}
    assert found(state="nonsense") == []
    assert found(words="платье", source="other") == ["B-1"]


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    from vitrina.catalog.search import Wanted, find

    take(day(0), [parsed(str(n), f"Платье номер {n}") for n in range(25)])
    take(day(0), [parsed("платье", "Иное")], source="other")  # a number that reads like a word comes first
    seen: list[int] = []
    for page in (1, 2, 3, 4):
        part = find(Wanted(words="платье"), page=page, size=10)
        seen += part.ids
        assert part.total == 26
        assert part.further == (page < 3)
    assert len(seen) == len(set(seen)) == 26


def test_a_list_of_rows_costs_the_same_statements_however_long_it_is(django_statements: Any) -> None:
    from vitrina.catalog.search import Wanted, find
    from vitrina.workbench.listing import rows_of

    take(day(0), [parsed(str(n), f"Платье номер {n}") for n in range(60)])
    approve_all()
    find(Wanted(words="платье"))
    few = django_statements(lambda: rows_of(find(Wanted(words="платье"), size=5).ids))
    many = django_statements(lambda: rows_of(find(Wanted(words="платье"), size=50).ids))
    assert few == many
    assert many < 12


def indexed(settings: Settings) -> dict[str, Any]:
    from vitrina.vectors.index import PRODUCTS
    from vitrina.vectors.services import opened_index
    from vitrina.vectors.sources import refresh

    titles = ["Платье летнее из хлопка", "Платье хлопковое для лета", "Крем для рук", "Крем для лица ночной", "Сумка"]
    take(day(0), [parsed(f"V-{n}", title) for n, title in enumerate(titles)])
    with opened_index(settings) as index:
        refresh(PRODUCTS, index, settings)
    return catalogue()


def test_an_index_that_another_process_holds_is_waited_for_a_moment_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.vectors import similar
    from vitrina.vectors.locking import exclusive
    from vitrina.vectors.pointers import active_collection

    products = indexed(settings)
    monkeypatch.setattr(similar, "WAIT_SECONDS", 0.05)
    collection = active_collection("product_vectors")
    assert collection is not None
    lock = settings.vitrina_home / "vectors" / f"{collection.index_name}.lock"
    with exclusive(lock, timeout=1, what="the test"):
        near = similar.similar_to_product(products["V-0"].pk, settings)
    assert near.by is similar.By.SERVER
    assert next(iter(near.scores)) == products["V-1"].pk


def test_before_there_are_vectors_nothing_is_near(settings: Settings) -> None:
    from vitrina.vectors.similar import similar_to_phrase, similar_to_product

    products = shop()
    assert similar_to_product(products["A-1"].pk, settings).empty
    assert similar_to_phrase("платье", settings).empty
    assert similar_to_phrase("…", settings).empty
