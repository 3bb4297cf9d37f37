"""Names of people as others at the desk see them.

Belongs here: one form of a name, and who can be given work. Stays out: accounts, roles.
"""

from __future__ import annotations

from django.contrib.auth.models import User

from vitrina.accounts.roles import Role


def short_name(user: User | None) -> str:
    """``М. Орлова`` of Мария Орлова; the first part of the address where no name was given."""
    if user is None:
        return ""
    words = f"{user.first_name} {user.last_name}".split()
    if len(words) > 1:
        return f"{words[0][0]}. {words[-1]}"
    return words[0] if words else (user.email or user.username).partition("@")[0]


def moderators() -> list[User]:
    """Everybody to whom a case can be given, by name."""
    able = [Role.MODERATOR.value, Role.ADMIN.value]
    found = User.objects.filter(is_active=True, groups__name__in=able).distinct().order_by("first_name", "email")
    return list(found)
