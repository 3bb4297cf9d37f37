"""Who may do what at the desk. Every service asks here, so that no page, API or script is a side door.

Belongs here: what a role opens, and membership in batches. Stays out: signing in, and who has which role
(``vitrina.accounts.roles``).
"""

from __future__ import annotations

from django.contrib.auth.models import User

from vitrina.accounts.roles import Role
from vitrina.accounts.roles import group_names as roles
from vitrina.review.errors import Forbidden
from vitrina.review.models import Batch, ReviewItem

__all__ = ["ADMIN", "MODERATION_KINDS", "MODERATOR", "may_work", "require", "require_item", "require_work", "roles"]

MODERATOR, ADMIN = Role.MODERATOR.value, Role.ADMIN.value
MODERATION_KINDS = (ReviewItem.Kind.TEXT.value, ReviewItem.Kind.PRICE.value, ReviewItem.Kind.LIST.value)


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
