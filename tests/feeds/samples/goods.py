"""Made-up goods and the small tools that write them down.

Belongs here: what several families of samples share. Stays out: samples.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.feeds.samples.sample import Sample

GOODS = [
    ("Платье льняное миди", "Лён и Ко", "Красный"),
    ("Крем для рук с ромашкой 75 мл", "Аптекарь", "Белый"),
    ("Футболка хлопковая оверсайз", "Двор", "Черный"),
    ("Шампунь против перхоти 250 мл", "Аптекарь", "Белый"),
    ("Джинсы прямые женские", "Двор", "Синий"),
    ("Носки шерстяные, 3 пары", "Лён и Ко", "Серый"),
    ("Витамин D3 2000 МЕ 60 капсул", "Здравень", "Белый"),
    ("Куртка демисезонная с капюшоном", "Двор", "Бежевый"),
]
TURKISH = [
    ("Kadın Pamuklu Gömlek", "Akçay", "Beyaz"),
    ("Çörek Otu Yağı 100 ml", "Şifa", "Siyah"),
    ("Erkek Keten Pantolon", "Akçay", "Bej"),
    ("Güneş Kremi SPF 50 50 ml", "Şifa", "Sarı"),
    ("Bebek Şampuanı 500 ml", "Yıldız", "Mavi"),
    ("İpek Eşarp 90x90 cm", "Yıldız", "Kırmızı"),
]


def ean(number: int) -> str:
    """A right EAN-13."""
    digits = f"869{number:09d}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return f"{digits}{(10 - total % 10) % 10}"


def lines(rows: Iterable[Sequence[object]], delimiter: str = ",", end: str = "\n", quote: str = '"') -> str:
    """Rows as text, quoted where needed."""

    def cell(value: object) -> str:
        text = str(value)
        if quote and any(mark in text for mark in (delimiter, quote, "\n")):
            return quote + text.replace(quote, quote * 2) + quote
        return text

    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


def one(name: str, text: str | bytes, format: str, accepted: int, first: dict[str, object], **more: object) -> Sample:
    content = text.encode() if isinstance(text, str) else text
    products = {0: first, **more.pop("others", {})}  # type: ignore[dict-item]
    return Sample(name, {f"{name}.csv": content}, format, accepted, products, **more)  # type: ignore[arg-type]


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """The same bytes whenever they are made: damage by seed is then the same too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def ozon_rows(count: int, start: int = 0) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            GOODS[n % 8][0],
            f"{n + 1}\u2009{200 + n}\u2009₽",
            f"{n + 3} отзывов",
            f"Послезавтра доставит Ozon, продавец Лавка {n % 3}",
            f"https://www.ozon.ru/product/tovar-{700100200 + n}/?asb=x{n}",
        )
        for n in range(start, start + count)
    ]


def js(name: str, value: Any, format: str, accepted: int, first: dict[str, Any], **more: Any) -> Sample:
    text = value if isinstance(value, str | bytes) else json.dumps(value, ensure_ascii=False)
    content = text if isinstance(text, bytes) else text.encode()
    return Sample(name, {f"{name}.json": content}, format, accepted, {0: first, **more.pop("others", {})}, **more)
