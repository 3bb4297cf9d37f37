"""Planted pictures of products, requests to take a background off, and a list that was handed in.

Belongs here: what lies in the object store and in the home folder, drawn and written here. Stays out: rows that need no
file (``catalogue``).
"""

from __future__ import annotations

import hashlib
import io
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from vitrina.config import get_settings

#: Outlines on a ground of 100 × 100: a tube, a bottle, a dress, a shirt; one for each kind of goods of the catalogue.
_SHAPES = (
    ((40, 12), (60, 12), (60, 22), (68, 30), (64, 88), (36, 88), (32, 30), (40, 22)),
    ((44, 8), (56, 8), (56, 24), (66, 34), (66, 92), (34, 92), (34, 34), (44, 24)),
    ((40, 10), (60, 10), (64, 40), (80, 90), (20, 90), (36, 40)),
    ((34, 14), (66, 14), (88, 40), (76, 50), (68, 40), (68, 90), (32, 90), (32, 40), (24, 50), (12, 40)),
)
_COLOURS = ((236, 226, 196), (92, 158, 96), (44, 82, 150), (244, 244, 240))
_GROUNDS = ((250, 250, 250), (226, 214, 200))
_LIST = (
    "Артикул;Название;Цена;Бренд;Материал;Полка\n"
    "A-1;Платье летнее с карманами;1990;Defne;хлопок;7\n"
    "A-2;Крем для рук с оливковым маслом;250;Defne;;8\n"
    "A-3;;100;Defne;лён;9\n"
    "A-4;Рубашка мужская;по запросу;Defne;хлопок;9\n"
)
_READING_SECONDS = 60.0


def seed_pictures(products: list[Any]) -> None:
    """Two pictures for each product, of its kind of goods, and an address that led to none."""
    from vitrina.images.analysis.models import PictureAnalysis
    from vitrina.images.models import ProductPicture

    made = [[_picture(kind, ground) for ground in range(len(_GROUNDS))] for kind in range(len(_SHAPES))]
    PictureAnalysis.objects.bulk_create(
        PictureAnalysis(picture=url.picture, state="done", analyser=1, quality=0.62 + 0.04 * number)
        for number, url in enumerate(url for urls in made for url in urls)
    )
    lost = _address("https://pictures.example.com/lost.jpg", state="refused", reason="not_an_image",
                    message="The answer is a page of HTML, no picture.")  # fmt: skip
    ProductPicture.objects.bulk_create(
        ProductPicture(product=product, position=position, url=url)
        for number, product in enumerate(products)
        for position, url in enumerate([*made[number % len(made)], *([lost] if number % 5 == 0 else [])])
    )


def seed_backgrounds(moment: datetime) -> dict[str, str]:
    """Requests in each of their states; returns the worked one."""
    from vitrina.images.background.models import BackgroundRequest
    from vitrina.images.keys import cutout_key
    from vitrina.objects import open_store
    from vitrina.workbench.cutouts import preview_key

    store, original = open_store(get_settings()), _drawn(2, 1, "JPEG")
    sha = hashlib.sha256(original).hexdigest()
    result = cutout_key(sha, "planted")
    store.put(preview_key(sha), original)
    store.put(result, _drawn(2, None, "PNG"))
    states: dict[str, dict[str, Any]] = {
        "queued": {}, "processing": {}, "failed": {"message": "The product could not be told from its background."},
        "completed": {"result_key": result, "confidence": 0.58, "used": "grabcut-1", "completed_at": moment,
                      "message": "The edge is not sure in 7 % of its length."},
    }  # fmt: skip
    made = [
        BackgroundRequest.objects.create(
            state=state,
            name=f"платье-{number}.jpg",
            sha256=sha,
            source_key="temp/none",
            backend="grabcut",
            created_at=moment - timedelta(minutes=number),
            not_before=moment + timedelta(days=1),
            **values,
        )
        for number, (state, values) in enumerate(states.items())
    ]
    return {"cutout_id": str(made[-1].pk)}


def seed_upload(owner: int) -> dict[str, str]:
    """A list that was handed in and read, and is not placed yet."""
    from vitrina.objects import open_store
    from vitrina.workbench import incoming

    settings = get_settings()
    given = incoming.Given("прайс.csv", io.BytesIO(_LIST.encode()))
    made = incoming.receive(
        [given], source="giyim", name="", owner=owner, store=open_store(settings), settings=settings
    )
    began = time.monotonic()
    while time.monotonic() - began < _READING_SECONDS:
        found = incoming.load(made, owner=owner, settings=settings)
        if found is None or found.state != "reading":
            break
        time.sleep(0.05)
    return {"upload_id": str(made)}


def _drawn(kind: int, ground: int | None, form: str) -> bytes:
    """The outline of a kind of goods; without a ground it stands on nothing."""
    from PIL import Image, ImageDraw

    side = 640
    image = Image.new("RGBA", (side, side), (*_GROUNDS[ground], 255) if ground is not None else (0, 0, 0, 0))
    outline = [(x * side // 100, y * side // 100) for x, y in _SHAPES[kind]]
    ImageDraw.Draw(image).polygon(outline, fill=(*_COLOURS[kind], 255), outline=(70, 70, 70, 255), width=3)
    buffer = io.BytesIO()
    (image if form == "PNG" else image.convert("RGB")).save(buffer, form)
    return buffer.getvalue()


def _picture(kind: int, ground: int) -> Any:
    """A stored picture at an address of its own."""
    from vitrina.images import keys
    from vitrina.images.models import Picture
    from vitrina.objects import open_store

    data = _drawn(kind, ground, "JPEG")
    sha = hashlib.sha256(data).hexdigest()
    kept = {"original_key": keys.original_key(sha, "jpeg"), "jpeg_key": keys.jpeg_key(sha),
            "thumb_key": keys.thumb_key(sha)}  # fmt: skip
    store = open_store(get_settings())
    for key in kept.values():
        store.put(key, data)
    picture = Picture.objects.create(
        sha256=sha, state="stored", format="jpeg", size=len(data), width=640, height=640, recipe="1", **kept
    )
    return _address(f"https://pictures.example.com/{kind}-{ground}.jpg", state="stored", picture=picture)


def _address(url: str, **values: Any) -> Any:
    from vitrina.images.models import PictureUrl

    digest = uuid.UUID(hashlib.sha256(url.encode()).hexdigest()[:32])
    return PictureUrl.objects.create(digest=digest, url=url, host="pictures.example.com:443",
                                     checked_at=datetime.now(UTC), **values)  # fmt: skip
