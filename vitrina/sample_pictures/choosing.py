"""Which drawing a product gets: by the words of its title and its colour attribute.

Belongs here: words to shapes and colours, what the name of a file asks for. Stays out: drawing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from zlib import crc32

from vitrina.images.analysis.palette import BY_KEY
from vitrina.lexicon import Entry, Lexicon
from vitrina.sample_pictures.drawing import Order

#: Keys of the lexicon → shape. The first word of a title that has one decides.
_SHAPES: dict[str, str] = {
    key: shape
    for shape, keys in {
        "dress": "dress sundress shirt_dress", "t_shirt": "t_shirt polo top", "shirt": "shirt blouse",
        "sweater": "jumper sweater turtleneck cardigan vest long_sleeve_top", "hoodie": "hoodie zip_hoodie sweatshirt",
        "coat": "trench_coat robe coat", "quilted": "jacket puffer_jacket",
        "trousers": "trousers palazzo jeans chinos leggings tights", "shorts": "shorts boxers panties",
        "skirt": "skirt", "suit": "pajamas tracksuit suit", "bodysuit": "bodysuit overalls", "bra": "bra",
        "socks": "socks", "sneaker": "sneakers shoes", "boot": "boots chelsea_boots", "bag": "bag crossbody",
        "folded": "towel bed_linen bed_sheet pillowcase blanket bedspread rug", "scarf": "scarf shawl peshtemal",
        "hat": "hat", "jar": "cream face_cream eye_cream face_mask hair_mask scrub",
        "tube": "hand_cream gel cleansing_gel toothpaste diaper_cream",
        "bottle": "shampoo conditioner micellar_water toner cologne", "pump": "body_lotion shower_gel",
        "dropper": "serum oil hair_oil drops spray", "perfume": "eau_de_parfum", "bar": "soap", "sachet": "sheet_mask",
        "stick": "mascara lipstick deodorant", "compact": "blush", "brush": "toothbrush thermometer",
        "carton": "effervescent_tablets plaster bandage",
    }.items()
    for key in keys.split()
}  # fmt: skip
_WORDS = ((r"джинс|jean", "trousers"), (r"салфетк|коврик", "folded"), (r"шапочк", "hat"), (r"молочк", "bottle"))
#: Colours of the lexicon that the palette knows by another name.
_SAME = {"cream": "milk", "ivory": "milk", "graphite": "anthracite", "nude": "powder", "silver": "light_grey",
         "gold": "mustard", "rust": "terracotta", "ecru": "milk"}  # fmt: skip
_PATTERNS = {"striped": "stripes", "checked": "check", "polka_dot": "dots", "floral": "dots", "print": "dots"}
_PACKAGE_COLORS = ("light_blue", "mint", "lavender", "peach", "milk", "light_green", "powder", "light_yellow")
_COLOR_NAME = re.compile(r"цвет\b|\brenk\b|\bcolou?r\b", re.IGNORECASE)
_NAME = re.compile(r"-(?P<number>\d+)(?:-(?P<asked>[a-z_]+))?\.jpg$")
BROKEN, MISSING = "broken", "missing"


def asked_for(key: str) -> str:
    """What a file's name asks for beside a picture: a colour of the palette, ``broken``, ``missing``, or nothing."""
    found = _NAME.search(key)
    return (found["asked"] or "") if found else ""


def order_for(key: str, title: str, attributes: Mapping[str, object], lexicon: Lexicon) -> Order:
    """The drawing of one file of a product; the same file always gets the same one."""
    matches = lexicon.find(title)
    shape = next((_SHAPES[match.entry.key] for match in matches if match.entry.key in _SHAPES), None)
    if shape is None:
        shape = next((name for word, name in _WORDS if re.search(word, title, re.IGNORECASE)), "carton")
    found = _NAME.search(key)
    number, asked = (int(found["number"]), found["asked"]) if found else (1, None)
    seed = crc32(key.encode())
    color = asked if asked in BY_KEY else _color(title, attributes, lexicon)
    color = color or _PACKAGE_COLORS[crc32(title.encode()) % len(_PACKAGE_COLORS)]
    pattern = next((_PATTERNS[m.entry.key] for m in matches if m.entry.key in _PATTERNS), "")
    second = "light_grey" if color in {"white", "milk"} else "white"
    return Order(shape, color, second, paper=seed // 7 + number, seed=seed, pattern=pattern)


def _color(title: str, attributes: Mapping[str, object], lexicon: Lexicon) -> str | None:
    values = [value for name, value in attributes.items() if _COLOR_NAME.search(name) and isinstance(value, str)]
    for text in (*values, title):
        for match in lexicon.find(text):
            if match.entry.kind == "color" and (key := _palette_key(match.entry, lexicon)):
                return key
    return None


def _palette_key(entry: Entry, lexicon: Lexicon) -> str | None:
    if entry.key in BY_KEY:
        return entry.key
    if entry.key in _SAME:
        return _SAME[entry.key]
    return next((parent for parent in sorted(lexicon.broader(entry)) if parent in BY_KEY), None)
