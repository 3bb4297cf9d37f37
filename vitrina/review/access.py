"""Who may do what at the desk. Every service asks here, so that no page, API or script is a side door.

Belongs here: roles and membership in batches. Stays out: signing in.
"""

from __future__ import annotations

from django.contrib.auth.models import User

from vitrina.review.errors import Forbidden
from vitrina.review.models import Batch, ReviewItem

ANNOTATOR, MODERATOR, ADMIN = "annotator", "moderator", "admin"
MODERATION_KINDS = (ReviewItem.Kind.TEXT.value, ReviewItem.Kind.PRICE.value, ReviewItem.Kind.LIST.value)


def roles(user: User) -> frozenset[str]:
    """Names of a person's roles, read once for an object of the person. An administrator has all of them."""
    if not user.is_active:
        return frozenset()
    known: frozenset[str] | None = getattr(user, "_review_roles", None)
    if known is None:
        known = frozenset(user.groups.values_list("name", flat=True))
        if user.is_superuser or ADMIN in known:
            known |= {ANNOTATOR, MODERATOR, ADMIN}
        user._review_roles = known  # type: ignore[attr-defined]
    return known


def require(user: User, role: str) -> None:
    """Raises :class:`Forbidden` for who lacks the role."""
    if role not in roles(user):
        raise Forbidden(f"This needs the role {role}.", hint="An administrator gives roles.")


def may_work(user: User, batch: Batch) -> bool:
    """Whether the person may compare pairs of the batch: named in it, or having its role."""
    if not user.is_active:
        return False
    if batch.role and batch.role in roles(user):
        return True
    return batch.members.filter(pk=user.pk).exists()


def require_work(user: User, batch: Batch) -> None:
    """Raises :class:`Forbidden` for who may not work on the batch."""
    if not may_work(user, batch):
        raise Forbidden(f"You do not belong to the batch {batch.name}.", hint="Its administrator adds people.")


def require_item(user: User, item: ReviewItem) -> None:
    """Raises :class:`Forbidden` unless the item is of a batch of the person's, or the person moderates."""
    if item.batch is not None:
        require_work(user, item.batch)
    else:
        require(user, MODERATOR)
