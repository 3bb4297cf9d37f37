"""What stands in the tables of pictures, for checks, metadata and exports. Queries only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from vitrina.images.models import PictureUrl, ProductPicture


@dataclass(frozen=True, slots=True)
class PictureStates:
    """Addresses that listed products show, by state; ``reasons`` and ``hosts`` of those without a picture.

    ``never_asked`` are addresses that the rules forbid (no host can be named so, an inner network, a strange port).
    """

    never_asked: int
    stored: int
    waiting: int
    refused: int
    gone: int
    reasons: list[tuple[str, int]]
    hosts: list[tuple[str, int]]


def picture_states(most: int = 15) -> PictureStates:
    """The state of every address that a listed product shows."""
    shown = PictureUrl.objects.filter(Exists(ProductPicture.objects.filter(url=OuterRef("pk"), product__listed=True)))
    never = shown.filter(state=PictureUrl.State.REFUSED, checked_at=None)
    states = dict(shown.values_list("state").annotate(Count("id")))
    never_asked = never.count()
    without = shown.exclude(state=PictureUrl.State.STORED)
    reasons = (
        without.exclude(reason="").values_list("reason").annotate(number=Count("id")).order_by("-number", "reason")
    )
    hosts = without.exclude(host="").values_list("host").annotate(number=Count("id")).order_by("-number", "host")
    return PictureStates(
        never_asked,
        states.get("stored", 0),
        states.get("waiting", 0),
        states.get("refused", 0) - never_asked,
        states.get("gone", 0),
        list(reasons[:most]),
        list(hosts[:most]),
    )
