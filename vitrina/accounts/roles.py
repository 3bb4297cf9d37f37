"""The roles and what each may open.

Belongs here: names of roles, and who has which. A role is a Django group; a migration makes the three.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User


class Role(StrEnum):
    """What a person is here for. An administrator may do everything."""

    ANNOTATOR = "annotator"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Access(StrEnum):
    """Who may open a page: everybody, whoever is signed in, or a role."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    ANNOTATOR = "annotator"
    MODERATOR = "moderator"
    ADMIN = "admin"


def group_names(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """Names of a person's groups, read once for an object of the person. An administrator has all roles."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    known: frozenset[str] | None = getattr(user, "_vitrina_groups", None)
    return known if known is not None else remember_groups(user, user.groups.values_list("name", flat=True))


def remember_groups(user: User, names: Iterable[str]) -> frozenset[str]:
    """Keep the names of a person's groups on the object, where they came with it by another query."""
    known = frozenset(names)
    if user.is_superuser or Role.ADMIN.value in known:
        known |= {role.value for role in Role}
    user._vitrina_groups = known  # type: ignore[attr-defined]
    return known


def roles_of(user: AbstractBaseUser | AnonymousUser) -> frozenset[Role]:
    """The roles of a person."""
    names = group_names(user)
    return frozenset(role for role in Role if role.value in names)


def may_open(user: AbstractBaseUser | AnonymousUser, access: Access) -> bool:
    """Whether a person may open a page of that access."""
    if access is Access.PUBLIC:
        return True
    if not user.is_authenticated:
        return False
    return access is Access.SIGNED_IN or Role(access.value) in roles_of(user)


def give_role(user: User, role: Role) -> None:
    """Make this the person's only role."""
    group, _ = Group.objects.get_or_create(name=role.value)
    user.groups.set([group])
