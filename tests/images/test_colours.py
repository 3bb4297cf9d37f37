"""Colour space and names of colours."""

from __future__ import annotations

import numpy as np
import pytest

from vitrina.images.analysis.oklab import from_hex, to_hex
from vitrina.images.analysis.palette import COLORS, nearest_name, samples_of
from vitrina.lexicon import load


@pytest.mark.parametrize(
    ("color", "lab"),
    [("#FFFFFF", (1.0, 0.0, 0.0)), ("#000000", (0.0, 0.0, 0.0)), ("#FF0000", (0.628, 0.225, 0.126)),
     ("#0000FF", (0.452, -0.032, -0.312)), ("#00FF00", (0.866, -0.234, 0.179))],
)  # fmt: skip
def test_oklab_is_that_of_its_author(color: str, lab: tuple[float, float, float]) -> None:
    assert from_hex(color) == pytest.approx(lab, abs=2e-3)


def test_hexadecimal_goes_there_and_back() -> None:
    assert to_hex(np.array([31, 63, 208], dtype=np.uint8)) == "#1F3FD0"


def test_every_sample_is_nearest_to_its_own_name() -> None:
    wrong = {(c.key, s): nearest_name(from_hex(s)).key for c in COLORS for s in c.samples}
    assert {place: found for place, found in wrong.items() if place[0] != found} == {}


def test_every_name_stands_in_the_lexicon_in_both_languages() -> None:
    lexicon = load()
    for color in COLORS:
        entry = lexicon.get(color.key, "color")
        assert color.ru in {*entry.ru_forms, *entry.adj_forms}, color.key
        assert {color.en, f"{color.en} color"} & set(entry.en), color.key


@pytest.mark.parametrize(
    ("color", "key"),
    [("#B22234", "red"), ("#1F3FD0", "royal_blue"), ("#0A0A0A", "black"), ("#FAFAFA", "white"), ("#808000", "olive"),
     ("#FFC0CB", "light_pink"), ("#8B4513", "brown"), ("#001F3F", "navy"), ("#800020", "burgundy"),
     ("#40E0D0", "turquoise"), ("#FFD700", "yellow"), ("#808080", "grey"), ("#F5F5DC", "milk")],
)  # fmt: skip
def test_well_known_colours_have_their_names(color: str, key: str) -> None:
    assert nearest_name(from_hex(color)).key == key


def test_unknown_names_have_no_samples() -> None:
    assert samples_of(frozenset({"leopard_color"})).shape == (0, 3)
