"""The samples' pictures in the object store, where their addresses say.

Belongs here: which files are wanted, drawing those that are not there. Stays out: how they look.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vitrina.config import Settings
from vitrina.feeds import source_config
from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, ParsedProduct
from vitrina.images.addresses import SAMPLES_PREFIX
from vitrina.lexicon.active import active
from vitrina.objects import ObjectStore
from vitrina.sample_pictures.choosing import BROKEN, MISSING, asked_for, order_for
from vitrina.sample_pictures.drawing import draw, jpeg

PREFIX = "samples/"
_SOURCE_FILE = "source.yaml"


def place_pictures(settings: Settings, store: ObjectStore) -> int:
    """Draw the pictures that the sample drops name and the store lacks; returns how many were written.

    Names say what is wrong on purpose: ``…-1-red.jpg`` is drawn red whatever the product, ``…-broken.jpg`` is cut off,
    ``…-missing.jpg`` is not there.
    """
    wanted = {key: product for product in sample_products(settings.vitrina_samples) for key in keys_of(product)}
    if not wanted:
        return 0
    there = {info.key for info in store.list(f"{PREFIX}pictures")}
    lexicon = active()
    written = 0
    for key in sorted(wanted.keys() - there):
        asked = asked_for(key)
        if asked == MISSING:
            continue
        product = wanted[key]
        data = jpeg(draw(order_for(key, product.title, product.attributes, lexicon))[0])
        store.put(key, data[: len(data) // 2] if asked == BROKEN else data, content_type="image/jpeg")
        written += 1
    return written


def keys_of(product: ParsedProduct) -> list[str]:
    """Keys of a product's pictures that are samples of ours."""
    urls = [url for url in product.image_urls if url.startswith(SAMPLES_PREFIX)]
    return [PREFIX + url.removeprefix(SAMPLES_PREFIX) for url in urls]


def sample_products(samples: Path) -> Iterator[ParsedProduct]:
    """Every product of the sample drops."""
    for folder in sorted(path for path in (samples / "drops").glob("*") if path.is_dir()):
        config = source_config.load(folder / _SOURCE_FILE, folder.name)
        for path in sorted(folder.iterdir()):
            if path.name != _SOURCE_FILE and path.is_file():
                yield from read_drop([DropFile(path, path.name)], config).products
