"""Names of colours, as shops say them, with samples of each.

Belongs here: the table, and the nearest name of a measured colour. Stays out: measuring. ``key`` is the entry's key in
``vitrina/lexicon/data/colors.yaml``, so that a measured colour can be compared with words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vitrina.images.analysis.oklab import Floats, from_hex


@dataclass(frozen=True, slots=True)
class ColorName:
    """A name and the colours that it is given to."""

    key: str
    ru: str
    en: str
    samples: tuple[str, ...]


def _names(*rows: tuple[str, str, str, str]) -> tuple[ColorName, ...]:
    return tuple(ColorName(key, ru, en, tuple(samples.split())) for key, ru, en, samples in rows)


#: Samples are of cloth as cameras see it: black is never #000000 there, and white is grey in its folds.
COLORS: tuple[ColorName, ...] = _names(
    ("white", "белый", "white", "#FFFFFF #F4F4F4 #EAEBED"),
    ("milk", "молочный", "milk white", "#F7F1E4 #EFE8DC"),
    ("beige", "бежевый", "beige", "#E0CFB4 #D2BFA2 #D8CABB #C6B8A8"),
    ("sand", "песочный", "sand", "#CDB48A #C7A97C"),
    ("light_grey", "светло-серый", "light grey", "#D6D7D9 #C4C5C8"),
    ("grey", "серый", "grey", "#A6A7AA #8C8D90 #74767A"),
    ("dark_grey", "тёмно-серый", "dark grey", "#5C5E62 #4C4E52"),
    ("anthracite", "антрацитовый", "anthracite", "#3B3D42 #34363B"),
    ("black", "чёрный", "black", "#000000 #141416 #222225 #1A1718"),
    ("blue_grey", "серо-голубой", "blue grey", "#8797A8 #6C7D90"),
    ("light_red", "светло-красный", "light red", "#E8605C"),
    ("red", "красный", "red", "#E3242B #D01F26 #F03A30 #BE1B22"),
    ("dark_red", "тёмно-красный", "dark red", "#8F1A1E #A01820"),
    ("burgundy", "бордовый", "burgundy", "#6B1730 #571427 #7A1F3A #7D0A24"),
    ("coral", "коралловый", "coral", "#FF7058 #F77B66"),
    ("terracotta", "терракотовый", "terracotta", "#B9573A #A64B2F"),
    ("orange", "оранжевый", "orange", "#FF7A14 #F48A22 #E86A10"),
    ("peach", "персиковый", "peach", "#FFC9A6 #F8B890"),
    ("mustard", "горчичный", "mustard", "#C99A1E #B88A17 #D4A82A"),
    ("yellow", "жёлтый", "yellow", "#FFE02B #FFD11A #F5DF4D"),
    ("light_yellow", "светло-жёлтый", "light yellow", "#FFF4A8 #F6EDA0"),
    ("olive", "оливковый", "olive", "#6E6B2C #7F7A35 #80824F"),
    ("khaki", "хаки", "khaki", "#6B6A4E #5A5C42 #7C7858"),
    ("green", "зелёный", "green", "#2E8B3D #3CA84A #1F9A4B"),
    ("dark_green", "тёмно-зелёный", "dark green", "#16452B #1F5433 #0F3A2A"),
    ("light_green", "светло-зелёный", "light green", "#A6DC9C #8CCB86 #C5E3B4"),
    ("lime", "салатовый", "lime green", "#A9DB3F #BCE25A #AFB865"),
    ("mint", "мятный", "mint green", "#A9E3CE #BDEBDA"),
    ("emerald", "изумрудный", "emerald", "#0B8A5E #046B4A"),
    ("turquoise", "бирюзовый", "turquoise", "#2FC3C0 #5CCFCB #16A6AC"),
    ("sea_wave", "морская волна", "teal", "#15777D #0E5F66"),
    ("light_blue", "голубой", "light blue", "#8EC5F2 #A8CFEF #6FB1E8 #C3DCF0"),
    ("blue", "синий", "blue", "#2558C8 #1F4BA6 #2F6FD6 #27489A"),
    ("royal_blue", "ярко-синий", "royal blue", "#1B3FE0 #2347D8"),
    ("denim_blue", "цвета денима", "denim blue", "#4A6A94 #56789F #3B5578 #2D4966"),
    ("navy", "тёмно-синий", "navy blue", "#1B2547 #141C38 #24315A #222637 #2B3348 #1F3141 #383F57"),
    ("purple", "фиолетовый", "purple", "#6A2CA3 #7B3FB5 #54228A #3B2A82"),
    ("lilac", "сиреневый", "lilac", "#B58FD8 #A57BC8"),
    ("lavender", "лавандовый", "lavender", "#CDC3EA #BDB2E2"),
    ("plum", "сливовый", "plum", "#5A2850 #4A1F42 #4B3343"),
    ("pink", "розовый", "pink", "#F38FB4 #EE7FA6 #E79AB0 #E3A099"),
    ("light_pink", "светло-розовый", "light pink", "#F9CEDA #F6BFCC"),
    ("fuchsia", "фуксия", "fuchsia", "#D5207F #E0339A #C21872"),
    ("powder", "пудровый", "powder pink", "#E3C4BB #D8B3AA"),
    ("dusty_rose", "пыльная роза", "dusty rose", "#BE8A8E #A8737B #AE7688"),
    ("light_brown", "светло-коричневый", "light brown", "#A97C53 #B98B62"),
    ("brown", "коричневый", "brown", "#7A4A2B #855534 #6A4028"),
    ("dark_brown", "тёмно-коричневый", "dark brown", "#412A1B #4D3323 #35231A"),
    ("taupe", "серо-коричневый", "taupe", "#8C7E70 #9C8E82 #75685C"),
)

BY_KEY = {color.key: color for color in COLORS}


@lru_cache(maxsize=1)
def _samples() -> tuple[Floats, tuple[int, ...]]:
    owners = tuple(number for number, color in enumerate(COLORS) for _ in color.samples)
    return np.stack([from_hex(sample) for color in COLORS for sample in color.samples]), owners


#: Lightness counts less than hue: the same cloth is lighter in the sun and darker in its folds.
_WEIGHTS = np.array([0.6, 1.2, 1.2], dtype=np.float32)


def nearest_name(lab: Floats) -> ColorName:
    """The name whose samples lie nearest to an OKLab colour, shape (3,)."""
    samples, owners = _samples()
    return COLORS[owners[int(np.argmin((((samples - lab) * _WEIGHTS) ** 2).sum(axis=1)))]]


def samples_of(keys: frozenset[str]) -> Floats:
    """OKLab samples, shape (n, 3), of the named colours; n is 0 when none has samples."""
    found = [from_hex(sample) for color in COLORS if color.key in keys for sample in color.samples]
    return np.stack(found) if found else np.empty((0, 3), dtype=np.float32)
