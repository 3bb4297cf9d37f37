"""What every page's frame shows: links to what the person may open, and initials."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from vitrina.accounts.roles import Access, Role, may_open, roles_of
from vitrina.comparison.words import SECTION as COMPARISONS
from vitrina.config import get_settings
from vitrina.desk.posted import page_shown
from vitrina.numbers.words import SECTION as NUMBERS
from vitrina.workbench.words import SECTION as PRODUCTS


class Section(NamedTuple):
    """A link of the header. A page names its section in the value ``section`` of its context."""

    key: str
    url_name: str
    label: str | Promise
    access: Access


#: In the order of the header.
SECTIONS = (
    Section("moderation", "moderation", _("Moderation"), Access.MODERATOR),
    Section("compare", "compare", COMPARISONS, Access.ANNOTATOR),
    Section("products", "products", PRODUCTS, Access.MODERATOR),
    Section("numbers", "numbers", NUMBERS, Access.SIGNED_IN),
    Section("people", "people", _("People"), Access.ADMIN),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Values of the base template."""
    user, shown = getattr(request, "user", None), page_shown(request)
    if not isinstance(user, User):
        return {"roles": frozenset(), "sections": (), "dagster_url": "", "page_shown": shown}
    roles = roles_of(user)
    dagster = f"http://127.0.0.1:{get_settings().vitrina_port}" if Role.ADMIN in roles else ""
    return {
        "roles": {role.value for role in roles},
        "sections": [section for section in SECTIONS if may_open(user, section.access)],
        "initials": initials(user),
        "dagster_url": dagster,
        "page_shown": shown,
    }


def initials(user: User) -> str:
    """One or two letters for the menu."""
    words = (user.first_name or user.email.partition("@")[0]).replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper()
