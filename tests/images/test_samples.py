"""The samples' pictures: drawn, placed, and told right by the analysis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.images.picturing import decoded
from vitrina.config import Settings
from vitrina.images.addresses import SAMPLES_PREFIX, AddressRules, BadAddress, parse
from vitrina.images.analysis.measure import analyse
from vitrina.images.analysis.palette import BY_KEY
from vitrina.lexicon import load
from vitrina.objects import FolderStore
from vitrina.sample_pictures.choosing import asked_for, order_for
from vitrina.sample_pictures.drawing import Order, draw, jpeg
from vitrina.sample_pictures.packages import PACKAGES
from vitrina.sample_pictures.placing import keys_of, place_pictures, sample_products
from vitrina.sample_pictures.shapes import GARMENTS

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> tuple[FolderStore, int]:
    store = FolderStore(tmp_path_factory.mktemp("store"))
    return store, place_pictures(Settings(vitrina_samples=SAMPLES), store)


def test_every_named_picture_is_placed_but_the_missing_one_and_a_second_time_writes_nothing(
    placed: tuple[FolderStore, int],
) -> None:
    store, written = placed
    keys = {key for product in sample_products(SAMPLES) for key in keys_of(product)}
    there = {info.key for info in store.list("samples/pictures")}
    assert written == len(there) > 150
    assert [asked_for(key) for key in sorted(keys - there)] == ["missing"]
    assert place_pictures(Settings(vitrina_samples=SAMPLES), store) == 0
    assert sum(info.size for info in store.list("samples")) < 5_000_000


def test_one_picture_is_broken_and_one_is_of_another_colour(placed: tuple[FolderStore, int]) -> None:
    store, _ = placed
    asked = {word: key for info in store.list("samples") if (word := asked_for(key := info.key))}
    assert set(asked) == {"broken", "red"}
    assert not store.get(asked["broken"]).endswith(b"\xff\xd9")
    assert analyse(decoded(store.get(asked["red"]))).colors[0].key == "red"


def test_the_same_order_gives_the_same_bytes_and_another_seed_does_not() -> None:
    order = Order("dress", "red", seed=7, pattern="dots")
    assert jpeg(draw(order)[0]) == jpeg(draw(order)[0])
    assert jpeg(draw(order)[0]) != jpeg(draw(Order("dress", "red", seed=8, pattern="dots"))[0])


@pytest.mark.parametrize("shape", [*GARMENTS, *PACKAGES])
def test_every_shape_is_drawn_inside_of_its_picture(shape: str) -> None:
    rgb, mask = draw(Order(shape, "blue", seed=3), size=160)
    assert rgb.shape == (160, 160, 3)
    assert 0.02 < mask.mean() < 0.8
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert not border.any()


@pytest.mark.parametrize("color", ["red", "blue", "green", "mustard", "pink", "black", "turquoise", "lilac", "brown"])
def test_the_analysis_names_the_colour_that_was_drawn(color: str) -> None:
    found = analyse(draw(Order("t_shirt", color, seed=5, paper=2))[0])
    assert found.colors[0].key in {color, *(c.key for c in _shades(color))}
    assert found.separation > 0.5


def _shades(color: str) -> list:
    """Names that a darker or lighter part of the same cloth may get."""
    base = {"red": "red", "blue": "royal_blue denim_blue", "green": "emerald dark_green", "mustard": "mustard",
            "pink": "dusty_rose", "black": "anthracite", "turquoise": "turquoise", "lilac": "purple",
            "brown": "dark_brown terracotta"}[color]  # fmt: skip
    return [BY_KEY[key] for key in base.split()]


def test_products_get_the_shape_and_colour_of_their_words() -> None:
    lexicon = load()

    def made(key: str, title: str, **attributes: str) -> tuple[str, str, str]:
        order = order_for(key, title, attributes, lexicon)
        return order.shape, order.color, order.pattern

    assert made("a/1-1.jpg", "Платье летнее в горошек", Цвет="красный") == ("dress", "red", "dots")
    assert made("a/1-1.jpg", "Erkek Polo Tişört Lacivert") == ("t_shirt", "navy", "")
    assert made("a/1-1-blue.jpg", "Футболка", Цвет="красный") == ("t_shirt", "blue", "")
    assert made("a/1-1.jpg", "Шампунь 400 мл")[0] == "bottle"
    assert made("a/1-1.jpg", "Нечто неведомое")[0] == "carton"


def test_addresses_of_samples_are_the_store_s_own_whatever_the_settings_say() -> None:
    for rules in (AddressRules(), AddressRules(cdn_prefix="https://cdn.shop.example/")):
        found = parse(f"{SAMPLES_PREFIX}pictures/x/1-1.jpg", rules)
        assert (found.host, found.object_key) == ("", "samples/pictures/x/1-1.jpg")
    for hostile in ("../drops/secret.csv", "%2e%2e/drops/secret.csv", ""):
        with pytest.raises(BadAddress):
            parse(f"{SAMPLES_PREFIX}{hostile}", AddressRules())
