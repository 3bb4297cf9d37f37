"""The analysis over the tables: what is new is measured once, and what it means for moderation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.catalog.making import catalogue, day, parsed, take
from tests.content.examples import DRESS_RU
from tests.content_services.test_verdicts import described
from tests.images.picturing import jpeg, shirt, show
from vitrina.catalog.models import Product
from vitrina.categories.models import Category, ProductCategory
from vitrina.config import Settings
from vitrina.content.models import Verdict
from vitrina.content.pictures import conflicts_of_products
from vitrina.content.rejudging import judge_again
from vitrina.content.verdicts import moderate
from vitrina.errors import RetryableError
from vitrina.images.analysis import analysing
from vitrina.images.analysis.analysing import analyse_products
from vitrina.images.analysis.overview import cells, overview
from vitrina.images.models import Picture, PictureAnalysis
from vitrina.objects import FolderStore
from vitrina.review.models import ReviewItem

pytestmark = pytest.mark.usefixtures("database")

RED, BLUE = (208, 31, 38), (37, 88, 200)


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.objects_folder)


@pytest.fixture
def goods() -> list[Any]:
    take(day(1), [parsed("1", "Футболка красная"), parsed("2", "Футболка синяя"), parsed("3", "Футболка")])
    found = catalogue()
    return [found[key] for key in ("1", "2", "3")]


def rows() -> list[Any]:
    return list(PictureAnalysis.objects.order_by("pk").values())


def test_a_second_pass_measures_and_writes_nothing(store: FolderStore, settings: Settings, goods: list[Any]) -> None:
    show(goods[0], store, [jpeg(shirt(RED))])
    show(goods[1], store, [jpeg(shirt(BLUE)), jpeg(shirt(BLUE, size=700))])
    ids = [product.pk for product in goods]
    first = analyse_products(ids, store, settings)
    assert (first.pictures, first.analysed, first.unchanged, first.failed) == (3, 3, 0, 0)
    before = rows()
    second = analyse_products(ids, store, settings)
    assert (second.analysed, second.unchanged) == (0, 3)
    assert rows() == before
    assert {row["facts"]["colors"][0]["key"] for row in before} == {"red", "blue"}
    assert Picture.objects.filter(phash=None).count() == 0


def test_a_picture_that_two_products_show_is_analysed_once(
    store: FolderStore, settings: Settings, goods: list[Any]
) -> None:
    for product in goods:
        show(product, store, [jpeg(shirt(RED))])
    assert analyse_products([product.pk for product in goods], store, settings).analysed == 1


def test_a_broken_picture_does_not_stop_the_others_and_is_tried_again(
    store: FolderStore, settings: Settings, goods: list[Any]
) -> None:
    [good] = show(goods[0], store, [jpeg(shirt(RED))])
    [bad] = show(goods[1], store, [b"\xff\xd8\xff no picture"])
    [gone] = show(goods[2], store, [jpeg(shirt(BLUE))])
    store.delete(f"products/processed/{gone}.jpg")
    ids = [product.pk for product in goods]
    result = analyse_products(ids, store, settings)
    assert (result.analysed, result.failed) == (1, 2)
    states = {row["picture_id"]: (row["state"], row["message"]) for row in rows()}
    assert states[good] == ("done", "")
    assert states[bad][0] == states[gone][0] == "failed"
    assert "cannot be decoded" in states[bad][1]
    store.put(f"products/processed/{gone}.jpg", jpeg(shirt(BLUE)))
    again = analyse_products(ids, store, settings)
    assert (again.analysed, again.failed, again.unchanged) == (1, 1, 1)


def test_a_killed_pass_goes_on_where_it_was(
    store: FolderStore, settings: Settings, goods: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    show(goods[0], store, [jpeg(shirt((200, 30, 30 + 9 * step))) for step in range(6)])
    monkeypatch.setattr(analysing, "GROUP", 2)
    asked: list[str] = []
    whole = store.get

    def dies(key: str) -> bytes:
        if len(asked) >= 4:
            raise RetryableError("the store went away")
        asked.append(key)
        return whole(key)

    monkeypatch.setattr(store, "get", dies)
    with pytest.raises(RetryableError):
        analyse_products([goods[0].pk], store, settings)
    assert PictureAnalysis.objects.count() == 4
    monkeypatch.setattr(store, "get", whole)
    result = analyse_products([goods[0].pk], store, settings)
    assert (result.analysed, result.unchanged) == (2, 4)


def test_a_newer_version_of_the_analysis_looks_again(
    store: FolderStore, settings: Settings, goods: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    show(goods[0], store, [jpeg(shirt(RED))])
    analyse_products([goods[0].pk], store, settings)
    monkeypatch.setattr(analysing, "ANALYSER_VERSION", analysing.ANALYSER_VERSION + 1)
    assert analyse_products([goods[0].pk], store, settings).analysed == 1


def test_the_overview_shows_what_stands_out_first(store: FolderStore, settings: Settings, goods: list[Any]) -> None:
    show(goods[0], store, [jpeg(shirt(RED))])
    show(goods[1], store, [jpeg(shirt(RED), quality=60)])
    tiny = shirt(BLUE, size=90)
    show(goods[2], store, [jpeg((tiny // 14).astype("uint8"))])
    Picture.objects.filter(urls__shown_by__product=goods[2]).update(width=90, height=90)
    ids = [product.pk for product in goods]
    analyse_products(ids, store, settings)
    found = overview(ids, first=[goods[1].pk])
    assert [pk for pk, _ in found.shown] == [goods[1].pk, goods[2].pk, goods[0].pk]
    assert [pk for pk, _, _ in found.poor] == [goods[2].pk]
    assert found.groups == [[goods[0].pk, goods[1].pk]]
    made = cells(found.shown, store, [goods[1].pk])
    assert [cell.marked for cell in made] == [True, False, False]
    assert all(cell.data for cell in made)


def moderated(product: Any, settings: Settings) -> list[str]:
    moderate([product.pk], settings)
    return [reason["rule"] for reason in Verdict.objects.get(version__product=product).reasons]


@pytest.fixture
def dress(goods: list[Any]) -> Any:
    """A dress whose text is approved; its facts name a colour."""
    product = Product.objects.get(pk=goods[0].pk)
    category = Category.objects.create(slug="platya", name_ru="платья", path_ru="Одежда > Платья")
    ProductCategory.objects.create(product=product, category=category, confidence=0.95, decided_by="classifier")
    product.price = 2000
    product.save()
    described(product, facts=replace(DRESS_RU, title="Платье женское летнее"))
    return Product.objects.get(pk=product.pk)


def test_a_product_without_pictures_is_approved(settings: Settings, dress: Any) -> None:
    assert moderated(dress, settings) == []


def test_another_colour_sends_a_text_to_a_person_and_the_right_one_lets_it_pass(
    store: FolderStore, settings: Settings, dress: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    color = DRESS_RU.attributes["Цвет"]
    assert moderated(dress, settings) == []
    monkeypatch.setattr(settings, "cdn_prefix", "https://cdn.example/")
    [sha] = show(dress, store, [jpeg(shirt(RED))])
    analyse_products([dress.pk], store, settings)
    assert moderated(dress, settings) == ["picture_conflict"]
    [reason] = Verdict.objects.get(version__product=dress).reasons
    assert color in reason["details"][0]
    assert "красный" in reason["details"][0]
    assert reason["details"][1] == f"https://cdn.example/products/thumbs/{sha}.jpg"
    Picture.objects.all().update(state="refused")  # the picture is gone: the text stands alone again
    assert moderated(dress, settings) == []


def test_pictures_that_come_after_the_text_bring_its_verdict_up_to_date(
    store: FolderStore, settings: Settings, dress: Any
) -> None:
    assert moderated(dress, settings) == []
    show(dress, store, [jpeg(shirt(RED))])
    analyse_products([dress.pk], store, settings)
    dress.title, dress.attributes = "Платье женское", {"Цвет": "голубой"}
    dress.save()
    conflicts = conflicts_of_products([dress.pk], settings)
    assert list(conflicts) == [dress.pk]
    assert judge_again(conflicts, [dress.pk], settings) == 1
    assert judge_again(conflicts, [dress.pk], settings) == 0
    [item] = ReviewItem.objects.filter(state="open")
    assert item.reasons[0]["rule"] == "picture_conflict"
    Picture.objects.all().update(state="refused")
    assert conflicts_of_products([dress.pk], settings) == {}
    assert judge_again({}, [dress.pk], settings) == 1
    assert Verdict.objects.get(version__product=dress).approved
    assert not ReviewItem.objects.filter(state="open").exists()
