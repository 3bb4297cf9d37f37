"""Who may open what: every address of the desk, the API and the admin by every role, from the table of addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.desk.conftest import new_client

if TYPE_CHECKING:
    from django.test import Client
    from django.urls import URLPattern, URLResolver

pytestmark = pytest.mark.usefixtures("database")
ROLES = ("annotator", "moderator", "admin")
NUMBER = "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11"
#: Values of arguments that their kind does not give.
ARGUMENTS = {"uidb36": "1", "key": "a-b", "rest": "none", "app_label": "review"}
#: … and by kind.
BY_KIND = {"IntConverter": "1", "UUIDConverter": NUMBER, "StringConverter": "none", "SlugConverter": "none",
           "PathConverter": "none"}  # fmt: skip
#: Pages of packages that are closed on purpose.
CLOSED = {
    "account_signup", "account_email", "account_email_verification_sent", "account_set_password",
    "account_confirm_login_code", "account_confirm_email", "socialaccount_connections", "socialaccount_signup",
    "google_login_by_token",
}  # fmt: skip
#: Public, and sends away by itself who is not in the middle of signing in.
SENDS_AWAY = "mfa_authenticate"


class Page(NamedTuple):
    """A pattern, its name with namespaces, and the route before it."""

    pattern: URLPattern
    name: str
    route: str


def patterns(entries: list[URLPattern | URLResolver] | None = None, space: str = "", route: str = "") -> Iterator[Page]:
    from django.urls import URLPattern, get_resolver

    for entry in get_resolver().url_patterns if entries is None else entries:
        here = route + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield Page(entry, f"{space}{entry.name}", here)
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from patterns(entry.url_patterns, inner, here)


def address(page: Page) -> str:
    from django.urls import reverse

    kinds = {name: type(kind).__name__ for name, kind in page.pattern.pattern.converters.items()}
    names = page.pattern.pattern.regex.groupindex
    values = {name: ARGUMENTS[name] if name in ARGUMENTS else BY_KIND[kinds[name]] for name in names}
    return reverse(page.name, kwargs=values)


def allowed_roles(access: object) -> set[str]:
    from vitrina.accounts.roles import Access

    return {
        None: set(),
        Access.PUBLIC: {*ROLES, "nobody", "guest"},
        Access.SIGNED_IN: {*ROLES, "nobody"},
        Access.ANNOTATOR: {"annotator", "admin"},
        Access.MODERATOR: {"moderator", "admin"},
        Access.ADMIN: {"admin"},
    }[access]


def test_every_page_says_who_may_open_it(database: str) -> None:
    from vitrina.accounts.access import access_of, methods_of

    views = {page.name if page.pattern.name else page.route: page.pattern.callback for page in patterns()}
    silent = {name for name, view in views.items() if not methods_of(view) and access_of(view, name) is None}
    assert silent == CLOSED


def test_no_page_is_named_twice(database: str) -> None:
    unnamed = [page.route for page in patterns() if page.pattern.name is None]
    # Django's admin leads old addresses on by patterns without a name.
    assert [route for route in unnamed if not route.startswith("admin/")] == []
    names = [page.name for page in patterns() if page.pattern.name is not None]
    assert len(names) == len(set(names))


def test_each_page_opens_for_its_roles_and_for_no_other(client_of: Callable[..., Client]) -> None:
    from vitrina.accounts.access import access_of, methods_of

    clients = {role: client_of(role) for role in ROLES} | {"nobody": client_of("nobody"), "guest": new_client()}
    wrong = []
    for page in patterns():
        if methods_of(page.pattern.callback) or page.pattern.name is None:
            continue
        allowed = allowed_roles(access_of(page.pattern.callback, page.name))
        for role, client in clients.items():
            if page.name == "account_logout" and role != "guest":
                continue  # it ends the session of the client
            if page.name.startswith("admin:") and role == "admin":
                continue  # records say no to everybody where they would be changed: tests/backoffice
            answer = client.get(address(page))
            refused = answer.status_code == 403 or (
                role == "guest" and answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            )
            if (role in allowed) == refused and (page.name, role) != (SENDS_AWAY, "guest"):
                wrong.append((page.name, role, answer.status_code))
    assert wrong == []


def test_each_method_of_the_api_opens_for_its_roles_and_for_no_other(
    client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.accounts.access import methods_of
    from vitrina.config import get_settings

    monkeypatch.setenv("API_RATE_PER_MINUTE", "10000")
    get_settings.cache_clear()
    clients = {role: client_of(role) for role in ROLES} | {"nobody": client_of("nobody"), "guest": new_client()}
    wrong, seen = [], 0
    for page in patterns():
        for method, access in methods_of(page.pattern.callback).items():
            seen += 1
            allowed = allowed_roles(access)
            for role, client in clients.items():
                answer = client.generic(method, address(page), b"{}", content_type="application/json")
                # A service may refuse by itself as well (nobody's role, a batch of others); it never opens more.
                opened = answer.status_code not in (401, 403)
                said_by_role = (
                    not opened and answer.json().get("message") == "You do not have permission to perform this action."
                )
                if (opened and role not in allowed) or (said_by_role and role in allowed):
                    wrong.append((page.name, method, role, answer.status_code))
                if role == "guest" and answer.status_code != 401:
                    wrong.append((page.name, method, role, answer.status_code))
    assert seen > 40
    assert wrong == []


def test_no_view_of_the_api_answers_a_method_that_it_says_nothing_of(database: str) -> None:
    from vitrina.accounts.access import methods_of

    silent = []
    for page in patterns():
        view = getattr(page.pattern.callback, "cls", None)
        said = methods_of(page.pattern.callback)
        if view is not None and said:
            silent += [(page.name, name) for name in ("get", "post", "put", "patch", "delete")
                       if hasattr(view, name) and name.upper() not in said]  # fmt: skip
    assert silent == []


def test_a_view_of_the_api_that_says_nothing_is_closed_for_administrators_too(client_of: Callable[..., Client]) -> None:
    from rest_framework.test import APIRequestFactory, force_authenticate

    from vitrina.accounts.access import AccessMiddleware, methods_of
    from vitrina.api.views.base import ApiView

    class Silent(ApiView):
        def get(self, request: object) -> object:
            raise AssertionError("it was opened")

    view = Silent.as_view()
    assert not methods_of(view)
    client = client_of("admin")
    request = APIRequestFactory().get("/api/v1/none")
    force_authenticate(request, client.session and _user("admin"))
    assert view(request).status_code == 403
    request.user, request.resolver_match = _user("admin"), None
    refused = AccessMiddleware(lambda _: None).process_view(request, view, (), {})  # type: ignore[arg-type,return-value]
    assert refused is not None
    assert refused.status_code == 403


def _user(role: str) -> object:
    from django.contrib.auth.models import User

    return User.objects.get(groups__name=role)


def test_a_guest_is_brought_back_to_the_page_that_was_asked_for(database: str) -> None:
    assert new_client().get("/moderation/?view=urgent")["Location"].endswith("?next=/moderation/%3Fview%3Durgent")


def test_a_closed_account_opens_nothing(client_of: Callable[..., Client]) -> None:
    from django.contrib.auth.models import User

    client = client_of("admin")
    User.objects.update(is_active=False)
    assert client.get("/people/").status_code in (302, 403)
    assert client.get("/api/v1/me").status_code == 401
