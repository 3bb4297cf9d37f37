"""What tests of stored pictures look at: objects, rows and addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from vitrina.config import Settings
from vitrina.objects import ObjectStore

#: Makes a product with these addresses of pictures; gives its id.
Make = Callable[..., int]


def objects(store: ObjectStore) -> dict[str, datetime]:
    return {info.key: info.modified for info in store.list("")}


def refresh(store: ObjectStore, settings: Settings, **options: Any):
    from vitrina.catalog.models import Product
    from vitrina.images.service import refresh_pictures

    return refresh_pictures(Product.objects.all(), store, settings, **options)


def shown(product: int) -> list[str | None]:
    """The hashes of a product's pictures, in order; ``None`` where there is none."""
    from vitrina.images.models import ProductPicture

    rows = ProductPicture.objects.filter(product=product).order_by("position")
    return list(rows.values_list("url__picture", flat=True))


def urls() -> dict[str, tuple[str, str]]:
    """State and reason by the last part of the address."""
    from vitrina.images.models import PictureUrl

    return {row.url.rpartition("/")[2]: (row.state, row.reason) for row in PictureUrl.objects.all()}


def everything() -> list[Any]:
    """All rows of pictures, whole."""
    from vitrina.images.models import ImageHost, Picture, PictureUrl, ProductPicture

    return [list(model.objects.order_by("pk").values()) for model in (Picture, PictureUrl, ProductPicture, ImageHost)]


def make_due() -> None:
    from vitrina.images.models import ImageHost, PictureUrl

    past = datetime.now(UTC) - timedelta(seconds=1)
    PictureUrl.objects.filter(state="waiting").update(next_try_at=past)
    ImageHost.objects.exclude(open_until=None).update(open_until=past)
