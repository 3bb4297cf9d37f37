"""What every page's frame shows: links of the person's roles, and initials."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from vitrina.accounts.roles import Role, roles_of
from vitrina.config import get_settings


def frame(request: HttpRequest) -> dict[str, Any]:
    """Values of the base template."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"roles": frozenset(), "dagster_url": ""}
    roles = roles_of(user)
    dagster = f"http://127.0.0.1:{get_settings().vitrina_port}" if Role.ADMIN in roles else ""
    return {"roles": {role.value for role in roles}, "initials": initials(user), "dagster_url": dagster}


def initials(user: User) -> str:
    """One or two letters for the menu."""
    words = (user.first_name or user.email.partition("@")[0]).replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper()
