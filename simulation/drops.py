"""Made-up products as files that parsers leave.

Belongs here: two sources and the form of their files: a Russian price list as CSV, a Turkish shop as JSON. Stays out:
the products, and everything that becomes of a file once it lies in the object store.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping

from simulation.products import RU, TR, MadeProduct
from simulation.vocabulary import LABELS

SOURCES = {RU: "atlas-optovik", TR: "bazaar-tr"}
_SETTINGS = {
    RU: "name: Атлас, оптовый склад\ncurrency: RUB\nlanguage: ru\n",
    TR: "name: Bazaar\ncurrency: TRY\nlanguage: tr\n",
}
_HEADER = ("Артикул", "Наименование", "Бренд", "Категория", "Цена", "Описание")


def drop_files(products: Iterable[MadeProduct], name: str) -> Mapping[str, bytes]:
    """Key in the object store → bytes, of the settings of each source and one file each.

    Args:
        products: In any order.
        name: Of the files, such as ``week-1``.
    """
    by_source: dict[int, list[MadeProduct]] = {RU: [], TR: []}
    for product in products:
        by_source[product.language].append(product)
    files = {}
    for language, own in by_source.items():
        if own:
            folder = f"drops/{SOURCES[language]}"
            files[f"{folder}/source.yaml"] = _SETTINGS[language].encode()
            files[f"{folder}/{name}.{'json' if language == TR else 'csv'}"] = (_json if language == TR else _csv)(own)
    return files


def _csv(products: Iterable[MadeProduct]) -> bytes:
    labels = sorted({names[RU] for names in LABELS.values()})
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow([*_HEADER, *labels])
    for one in products:
        own = [one.external_id, one.title, one.brand, one.category.replace(" > ", "/"), one.price, one.description]
        writer.writerow([*own, *(one.attributes.get(label, "") for label in labels)])
    return text.getvalue().encode()


def _json(products: Iterable[MadeProduct]) -> bytes:
    rows = [
        {
            "id": one.external_id,
            "name": one.title,
            "brand": one.brand,
            "price": f"{one.price},00 TL",
            "category": one.category,
            "description": one.description,
            "attributes": [{"name": label, "value": value} for label, value in one.attributes.items()],
        }
        for one in products
    ]
    return json.dumps({"products": rows}, ensure_ascii=False, indent=1).encode()
