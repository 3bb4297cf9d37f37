"""Decisions that begin at a product, not at the queue: written by hand, made again, taken off the shop, put back.

Belongs here: finding or opening the case that such a decision is about, so that it goes the way of all decisions
(record, window for undoing, outbox). Stays out: the queue, what decisions change (``effects``).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from vitrina.catalog.models import Product, Publication
from vitrina.content.models import ContentVersion
from vitrina.review.access import MODERATOR, require
from vitrina.review.effects import SHOWN
from vitrina.review.errors import NotDecidable
from vitrina.review.history import last_decisions, undo, undoable
from vitrina.review.judgement import Judgement
from vitrina.review.models import Outbox, ReviewItem
from vitrina.review.moderating import decide_unheld
from vitrina.review.outbox import PREFERENCES, SECOND_LOOKS, waiting
from vitrina.review.results import Decided
from vitrina.review.services import BY_HAND


def decide_product(user: User, product_id: int, judgement: Judgement) -> Decided:
    """Edit a product's text, or have it written again; in effect when the time for undoing is over.

    Raises:
        Conflict: Another text came meanwhile, or somebody else holds the product's case.
        Forbidden: The person is no moderator.
        NotDecidable: No such product, or the action cannot be meant.
    """
    require(user, MODERATOR)
    if judgement.action not in {"edit", "reprocess"}:
        raise NotDecidable(
            f"{judgement.action!r} is not decided on a product's page.", hint="Cases are decided in the queue."
        )
    with transaction.atomic():
        return decide_unheld(user, _case(_locked(product_id)).pk, judgement)


def set_shown(
    user: User, product_id: int, *, shown: bool, reasons: Sequence[str] = (), comment: str = ""
) -> Decided:  # fmt: skip
    """Take a product off the shop whatever its texts, or put it back; in effect when the time for undoing is over.

    Raises:
        Forbidden: The person is no moderator.
        NotDecidable: It was never published, is so already, or a withdrawal lacks its reason.
    """
    require(user, MODERATOR)
    with transaction.atomic():
        product = _locked(product_id)
        publication = Publication.objects.filter(product=product).first()
        if publication is None:
            raise NotDecidable(f"Product {product_id} was never published.")
        waits = asked_to_show(product_id)
        stands = publication.state != Publication.State.UNPUBLISHED if waits is None else waits
        if stands == shown:
            raise NotDecidable("The product is on show already." if shown else "The product is off the shop already.")
        item = ReviewItem.objects.create(
            kind=ReviewItem.Kind.TEXT, key=f"{SHOWN}{product_id}", product=product, version=publication.version,
            reasons=[BY_HAND],
        )  # fmt: skip
        judgement = Judgement("approve" if shown else "reject", reasons=reasons, comment=comment)
        return decide_unheld(user, item.pk, judgement)


def take_back(user: User, product_id: int) -> None:
    """Undo the person's last decision, where it is about this product and less than a minute old.

    A case that was opened for it alone goes with it; any other waits again, held by the person.

    Raises:
        NotDecidable: Their last decision is about something else, or too old.
    """
    with transaction.atomic():
        last = next(iter(last_decisions(user, limit=1)), None)
        if last is None or last.item.product_id != product_id:
            raise NotDecidable("Your last decision is not about this product.")
        undo(user)


def can_take_back(user: User, product_id: int) -> bool:
    """Whether :func:`take_back` would do it now."""
    last = next(iter(last_decisions(user, limit=1)), None)
    return last is not None and last.item.product_id == product_id and undoable(last)


def waiting_decisions(product_id: int) -> QuerySet[Outbox]:
    """Decisions about a product that no pass has acted on yet, the oldest first."""
    rows = waiting().filter(decision__item__product=product_id).exclude(consumer__in=[PREFERENCES, SECOND_LOOKS])
    return rows.select_related("decision__item", "decision__decided_by").order_by("pk")


def asked_to_show(product_id: int) -> bool | None:
    """What the last decision that is not in effect yet says; ``None``: none waits."""
    rows = waiting_decisions(product_id).filter(decision__item__key=f"{SHOWN}{product_id}")
    last = rows.values_list("decision__action", flat=True).last()
    return None if last is None else last == "approve"


def _locked(product_id: int) -> Product:
    """The product; two people who press at once come one after the other."""
    product = Product.objects.select_for_update(of=("self",)).filter(pk=product_id).first()
    if product is None:
        raise NotDecidable(f"There is no product {product_id}.")
    return product


def _case(product: Product) -> ReviewItem:
    """The open case about the product's newest text, or a new one."""
    newest = ContentVersion.objects.filter(product=product).order_by("-number").first()
    key = f"version:{newest.pk}" if newest is not None else f"product:{product.pk}"
    item = ReviewItem.objects.filter(key=key, state=ReviewItem.State.OPEN, look=ReviewItem.Look.FIRST).first()
    if item is not None:
        return item
    return ReviewItem.objects.create(
        kind=ReviewItem.Kind.TEXT, key=key, product=product, version=newest, reasons=[BY_HAND]
    )
