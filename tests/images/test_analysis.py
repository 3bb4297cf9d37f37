"""The local analysis of pictures: pixels in, facts out."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from vitrina.images.analysis.hashes import bits_apart, near_groups, perceptual_hash
from vitrina.images.analysis.measure import PictureFacts, analyse

Pixels = NDArray[np.uint8]


def picture(shape: tuple[int, int], background: tuple[int, int, int]) -> Pixels:
    return np.full((*shape, 3), background, dtype=np.uint8)


def shirt(color: tuple[int, int, int], background: tuple[int, int, int] = (255, 255, 255), size: int = 600) -> Pixels:
    """A plain T-shirt in the middle, with folds so that it is not blank."""
    rgb = picture((size, size), background)
    points = np.array([(150, 160), (240, 120), (360, 120), (450, 160), (500, 260), (430, 290), (420, 500), (180, 500),
                       (170, 290), (100, 260)]) * size // 600  # fmt: skip
    cv2.fillPoly(rgb, [points.astype(np.int32)], color)
    for place in range(200, 420, 40):
        x = place * size // 600
        cv2.line(rgb, (x, size // 3), (x, size * 4 // 5), tuple(max(0, c - 12) for c in color), 2)
    return rgb


def test_a_red_shirt_on_white_paper_is_red() -> None:
    facts = analyse(shirt((208, 31, 38)))
    assert [color.key for color in facts.colors] == ["red"]
    assert facts.colors[0].share > 0.95
    assert facts.colors[0].ru == "красный"
    assert facts.background.uniform
    assert facts.background.hex == "#FFFFFF"
    assert facts.separation > 0.7


def test_a_grey_shirt_on_a_red_sheet_is_grey() -> None:
    facts = analyse(shirt((140, 141, 144), background=(200, 40, 30)))
    assert facts.colors[0].key == "grey"
    assert facts.colors[0].share > 0.9


def test_a_print_stays_with_its_shirt() -> None:
    rgb = shirt((37, 88, 200))
    cv2.circle(rgb, (300, 300), 60, (255, 255, 255), -1)
    facts = analyse(rgb)
    assert {color.key for color in facts.colors} == {"blue", "white"}
    assert facts.colors[0].key == "blue"


def test_the_same_pixels_give_the_same_facts() -> None:
    rgb = shirt((120, 160, 90), background=(230, 220, 200))
    rgb[::7, ::5] = 30
    assert analyse(rgb) == analyse(rgb.copy())


def test_facts_go_through_json_and_back() -> None:
    facts = analyse(shirt((208, 31, 38)), size=(1200, 1200))
    assert PictureFacts.from_dict(json.loads(json.dumps(facts.as_dict()))) == facts


def test_a_blurred_picture_says_so() -> None:
    rng = np.random.default_rng(1)
    sharp = rng.integers(0, 255, (120, 120, 3), dtype=np.uint8).repeat(5, axis=0).repeat(5, axis=1)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 25)
    assert "blurred" in analyse(np.asarray(blurred, dtype=np.uint8)).quality.reasons
    assert "blurred" not in analyse(sharp).quality.reasons


@pytest.mark.parametrize(
    ("rgb", "reason"),
    [
        (picture((600, 600), (255, 255, 255)), "blank"),
        (shirt((208, 31, 38), size=120), "tiny"),
        (shirt((208, 31, 38), size=300), "small"),
        ((shirt((208, 31, 38)) // 12).astype(np.uint8), "dark"),
    ],
)
def test_reasons_name_what_is_wrong(rgb: Pixels, reason: str) -> None:
    quality = analyse(rgb).quality
    assert reason in quality.reasons
    assert quality.score < 0.9


def test_a_good_picture_has_no_reasons() -> None:
    quality = analyse(shirt((208, 31, 38))).quality
    assert (quality.reasons, quality.score) == ((), 1.0)


def test_the_size_is_the_original_s() -> None:
    quality = analyse(shirt((208, 31, 38)), size=(100, 100)).quality
    assert "tiny" in quality.reasons


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), elements=st.integers(0, 255))
)
def test_any_pixels_are_analysed(rgb: Pixels) -> None:
    facts = analyse(rgb)
    assert facts.colors
    assert 0 < sum(color.share for color in facts.colors) <= 1.01
    assert 0 <= facts.quality.score <= 1
    assert 0 <= facts.separation <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 2)])
def test_narrow_pictures_are_analysed(shape: tuple[int, int]) -> None:
    assert analyse(picture(shape, (37, 88, 200))).colors[0].key == "blue"


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_is_refused(bad: Pixels) -> None:
    with pytest.raises(ValueError, match="A picture is"):
        analyse(bad)


def test_another_size_and_quality_is_a_near_duplicate_and_another_shirt_is_not() -> None:
    rng = np.random.default_rng(2)
    first = cv2.resize(rng.integers(0, 255, (9, 9, 3), dtype=np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
    second = cv2.resize(rng.integers(0, 255, (9, 9, 3), dtype=np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
    _, jpeg = cv2.imencode(".jpg", cv2.resize(first, (400, 400)), [cv2.IMWRITE_JPEG_QUALITY, 50])
    again = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)
    hashes = {"a": perceptual_hash(np.asarray(first, np.uint8)), "b": perceptual_hash(again),
              "c": perceptual_hash(np.asarray(second, np.uint8))}  # fmt: skip
    assert near_groups(hashes) == [["a", "b"]]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=12), st.integers(0, 6))
@settings(max_examples=50, deadline=None)
def test_groups_hold_every_near_pair(values: list[int], bits: int) -> None:
    values += [value ^ 1 for value in values[:3]]
    hashes = {str(number): value for number, value in enumerate(values)}
    member = {name: number for number, group in enumerate(near_groups(hashes, bits=bits)) for name in group}
    for first, one in hashes.items():
        for second, other in hashes.items():
            flat = any(not 8 <= (v & (2**64 - 1)).bit_count() <= 56 for v in (one, other))
            if first != second and not flat and bits_apart(one, other) <= bits:
                assert member[first] == member[second]


def test_blank_pictures_are_no_duplicates_of_each_other() -> None:
    hashes = {name: perceptual_hash(picture((64, 64), (shade,) * 3)) for name, shade in (("a", 255), ("b", 0))}
    assert near_groups(hashes) == []


def test_real_photographs_are_analysed(shared_data: Path) -> None:
    from PIL import Image, ImageOps

    folder = shared_data / "images" / "clothing"
    expected = {
        "dress/34118cd8": "turquoise sea_wave", "hat/3f50fdef": "dark_grey anthracite",
        "hat/7c28df10": "red dark_red", "hat/8f809fea": "red dark_red burgundy", "longsleeve/6e4581ed": "terracotta",
        "t-shirt/e912d309": "blue royal_blue", "t-shirt/cbceafc9": "red light_red coral", "t-shirt/d90a72b6": "grey",
        "t-shirt/5ff43b58": "light_grey grey", "skirt/125472d8": "taupe", "outwear/efbc5815": "black anthracite",
    }  # fmt: skip
    wrong = {}
    for start, keys in expected.items():
        kind, name = start.split("/")
        [path] = (folder / kind).glob(f"{name}*")
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        image.thumbnail((1024, 1024))
        first = analyse(np.asarray(image)).colors[0]
        if first.key not in keys.split():
            wrong[start] = first.key
    assert wrong == {}
