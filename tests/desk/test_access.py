"""Who may open what: every address of the desk by every role, from the table of addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.desk.conftest import new_client

if TYPE_CHECKING:
    from django.test import Client
    from django.urls import URLPattern, URLResolver

pytestmark = pytest.mark.usefixtures("database")
ROLES = ("annotator", "moderator", "admin")
#: A value for each argument of an address.
ARGUMENTS = {
    "token": "none",
    "item_id": "1",
    "request_id": "1",
    "uidb36": "1",
    "key": "a-b",
    "sha256": "0" * 64,
    "size": "small",
}
#: Pages of packages that are closed on purpose.
CLOSED = {
    "account_signup", "account_email", "account_email_verification_sent", "account_set_password",
    "account_confirm_login_code", "account_confirm_email",
}  # fmt: skip
#: Public, and sends away by itself who is not in the middle of signing in.
SENDS_AWAY = "mfa_authenticate"


def patterns(entries: list[URLPattern | URLResolver] | None = None) -> Iterator[URLPattern]:
    from django.urls import URLPattern, get_resolver

    for entry in get_resolver().url_patterns if entries is None else entries:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from patterns(entry.url_patterns)


def address(pattern: URLPattern) -> str:
    from django.urls import reverse

    names = pattern.pattern.regex.groupindex
    return reverse(str(pattern.name), kwargs={name: ARGUMENTS[name] for name in names})


def test_every_page_says_who_may_open_it(database: str) -> None:
    from vitrina.accounts.access import access_of

    silent = {p.name for p in patterns() if access_of(p.callback, p.name) is None}
    assert silent == CLOSED


def test_no_page_is_named_twice(database: str) -> None:
    names = [pattern.name for pattern in patterns()]
    assert None not in names
    assert len(names) == len(set(names))


def test_each_page_opens_for_its_roles_and_for_no_other(client_of: Callable[..., Client]) -> None:
    from vitrina.accounts.access import access_of
    from vitrina.accounts.roles import Access

    clients = {role: client_of(role) for role in ROLES} | {"nobody": client_of("nobody"), "guest": new_client()}
    wrong = []
    for pattern in patterns():
        access = access_of(pattern.callback, pattern.name)
        allowed = {
            None: set(),
            Access.PUBLIC: set(clients),
            Access.SIGNED_IN: set(clients) - {"guest"},
            Access.ANNOTATOR: {"annotator", "admin"},
            Access.MODERATOR: {"moderator", "admin"},
            Access.ADMIN: {"admin"},
        }[access]
        for role, client in clients.items():
            if pattern.name == "account_logout" and role != "guest":
                continue  # it ends the session of the client
            answer = client.get(address(pattern))
            refused = answer.status_code == 403 or (
                role == "guest" and answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            )
            if (role in allowed) == refused and (pattern.name, role) != (SENDS_AWAY, "guest"):
                wrong.append((pattern.name, role, answer.status_code))
    assert wrong == []


def test_a_guest_is_brought_back_to_the_page_that_was_asked_for(database: str) -> None:
    assert new_client().get("/moderation/?view=urgent")["Location"].endswith("?next=/moderation/%3Fview%3Durgent")


def test_a_closed_account_opens_nothing(client_of: Callable[..., Client]) -> None:
    from django.contrib.auth.models import User

    client = client_of("admin")
    User.objects.update(is_active=False)
    assert client.get("/people/").status_code in (302, 403)
