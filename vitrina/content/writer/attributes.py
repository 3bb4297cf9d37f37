"""What an attribute's name means, in Russian, Turkish and English.

Belongs here: the table from names to roles. Stays out: reading values (``reading``).

A role is a kind of the lexicon (the value is looked up there), ``sizes``, ``kind``, ``care_text``, ``brand``, or
``skip`` for what no buyer needs to read. Names that the table does not know keep their own label.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NAMES: dict[str, str] = {
    "color": "цвет, цвет товара, основной цвет, расцветка, renk, web color, ana renk, color, colour",
    "material": (
        "материал, состав, состав ткани, ткань, материал верха, malzeme, materyal, kumaş, kumaş tipi, kumaş türü, "
        "kumaş cinsi, içerik, ürün içeriği, bileşen, bileşim, material, fabric, composition, ingredients, main "
        "material"
    ),
    "ingredient": (
        "активное вещество, активные вещества, активный компонент, активные компоненты, действующее вещество, "
        "действующие вещества, основной компонент, ключевые ингредиенты, etken madde, etken maddeler, aktif içerik, "
        "active ingredient, active ingredients, key ingredients"
    ),
    "country": (
        "страна, страна производства, страна производитель, страна-производитель, страна изготовления, страна- "
        "изготовитель, страна происхождения, производство, menşei, menşe, üretim yeri, üretim ülkesi, country, "
        "country of origin, made in, origin"
    ),
    "gender": "пол, для кого, cinsiyet, gender, sex",
    "age": "возраст, возрастная группа, для возраста, yaş, yaş grubu, age, age group",
    "season": "сезон, сезонность, sezon, mevsim, season",
    "pattern": "рисунок, узор, принт, desen, pattern, print",
    "closure": "застежка, вид застежки, тип застежки, kapama şekli, kapama, bağlama şekli, closure, closure type",
    "sleeve": "рукав, длина рукава, тип рукава, вид рукава, kol boyu, kol tipi, kol, sleeve, sleeve length",
    "neckline": (
        "вырез, вырез горловины, горловина, воротник, тип воротника, yaka, yaka tipi, yaka stili, neckline, collar, "
        "neck"
    ),
    "fit": "крой, силуэт, посадка, тип посадки, kalıp, kesim, bel, paça tipi, fit, cut, silhouette, rise",
    "skin": (
        "тип кожи, тип волос, для типа кожи, для типа волос, cilt tipi, saç tipi, uygulama alanı, kullanım alanı, "
        "зона применения, область применения, область нанесения, skin type, hair type, application area"
    ),
    "effect": "действие, эффект, назначение, etki, etkisi, özellik, kullanım amacı, effect, purpose",
    "unit": (
        "объем, объём, объем товара, вес, масса, вес нетто, количество, количество в упаковке, в упаковке, "
        "дозировка, фасовка, hacim, ağırlık, miktar, net miktar, adet, paket içeriği, doz, volume, weight, "
        "quantity, pack size, dosage, net weight, count"
    ),
    "sizes": (
        "размер, размеры, размерный ряд, доступные размеры, российский размер, размер производителя, beden, "
        "bedenler, numara, ayakkabı numarası, size, sizes, available sizes"
    ),
    "kind": (
        "тип, вид, тип товара, вид товара, предмет, форма выпуска, ürün tipi, ürün türü, tip, tür, form, type, "
        "product type"
    ),
    "care_text": "уход, уход за вещами, рекомендации по уходу, bakım, yıkama talimatı, care, care instructions",
    "brand": "бренд, марка, торговая марка, marka, brand",
    "skip": (
        "артикул, артикул продавца, код, код товара, sku, id, штрихкод, штрих-код, баркод, barkod, barcode, gtin, "
        "ean, url, ссылка, link, image, images, рейтинг, отзывы, количество отзывов, rating, reviews, review count, "
        "цена, старая цена, скидка, fiyat, indirim, price, discount, продавец, поставщик, satıcı, seller, vendor, "
        "склад, наличие, остаток, stok, stock, доставка, kargo, delivery, гарантия, garanti, warranty, model kodu, "
        "ürün kodu, stok kodu, model code, сертификат, сертификация, sertifika, certificate, тнвэд, тн вэд, ндс, "
        "vat, дата, date, currency, валюта"
    ),
}

_ROLES = {name.strip().replace("ё", "е"): role for role, names in _NAMES.items() for name in names.split(",")}
_PATH = re.compile(r"^(?:[A-Za-z_]\w*\.)+(?=\w)")
_PRICE = re.compile(r"\s*(?:цена|стоимость|price|fiyat|№|rating|feedback)", re.IGNORECASE)
_UNIT_TAIL = re.compile(r"[,(]\s*[^,()]{1,8}\)?\s*$")

#: Labels in the target language for roles that are said as "label: value".
LABELS: dict[str, dict[str, str]] = {
    "ru": {
        "color": "Цвет", "material": "Состав", "ingredient": "Активные компоненты", "country": "Страна производства",
        "gender": "Пол", "age": "Возраст", "season": "Сезон", "pattern": "Рисунок", "closure": "Застёжка",
        "sleeve": "Рукав", "neckline": "Вырез", "fit": "Крой", "skin": "Область применения", "effect": "Назначение",
        "unit": "Количество", "sizes": "Размеры", "kind": "Тип", "care_text": "Уход",
    },
    "en": {
        "color": "Colour", "material": "Composition", "ingredient": "Active ingredients",
        "country": "Country of origin",
        "gender": "Gender", "age": "Age", "season": "Season", "pattern": "Pattern", "closure": "Closure",
        "sleeve": "Sleeve", "neckline": "Neckline", "fit": "Fit", "skin": "Application", "effect": "Purpose",
        "unit": "Quantity", "sizes": "Sizes", "kind": "Type", "care_text": "Care",
    },
}  # fmt: skip


def last_part(name: str) -> str:
    """The name without the path that a JSON feed leaves before it: ``attributes.Renk`` → ``Renk``."""
    return _PATH.sub("", name)


@lru_cache(maxsize=10_000)
def role(name: str) -> str | None:
    """The role of an attribute's name; a unit behind it ("Объём, мл") does not count. ``None`` when unknown."""
    if _PRICE.match(name):
        return "skip"
    plain = " ".join(last_part(name).casefold().replace("ё", "е").replace("i̇", "i").replace("_", " ").split()).strip(
        " :."
    )
    return _ROLES.get(plain) or _ROLES.get(_UNIT_TAIL.sub("", plain).strip())
