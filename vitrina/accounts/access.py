"""Every page says who may open it, and a page that says nothing opens for nobody.

Belongs here: the decorator and the middleware. Stays out: the roles themselves (``roles``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from vitrina.accounts.roles import Access, may_open

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

#: Pages of packages, by the name of their URL. What is not named here is closed.
PACKAGE_PAGES: dict[str, Access] = {
    "account_login": Access.PUBLIC,
    "account_logout": Access.SIGNED_IN,
    "account_inactive": Access.PUBLIC,
    "account_reset_password": Access.PUBLIC,
    "account_reset_password_done": Access.PUBLIC,
    "account_reset_password_from_key": Access.PUBLIC,
    "account_reset_password_from_key_done": Access.PUBLIC,
    "account_change_password": Access.SIGNED_IN,
    "account_reauthenticate": Access.SIGNED_IN,
    "mfa_authenticate": Access.PUBLIC,
    "mfa_reauthenticate": Access.SIGNED_IN,
    "mfa_index": Access.SIGNED_IN,
    "mfa_activate_totp": Access.SIGNED_IN,
    "mfa_deactivate_totp": Access.SIGNED_IN,
    "mfa_view_recovery_codes": Access.SIGNED_IN,
    "mfa_generate_recovery_codes": Access.SIGNED_IN,
    "mfa_download_recovery_codes": Access.SIGNED_IN,
    "set_language": Access.PUBLIC,
    "google_login": Access.PUBLIC,
    "google_callback": Access.PUBLIC,
    "github_login": Access.PUBLIC,
    "github_callback": Access.PUBLIC,
    "socialaccount_login_cancelled": Access.PUBLIC,
    "socialaccount_login_error": Access.PUBLIC,
}


def opens_for(access: Access) -> Callable[[View], View]:
    """Say who may open a page."""

    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def access_of(view: Callable[..., Any], url_name: str | None) -> Access | None:
    """What a page says, or what is said of a package's page; ``None``: closed. The admin is for administrators."""
    said: Access | None = getattr(view, "access", None)
    if said is None and (hasattr(view, "admin_site") or hasattr(view, "model_admin")):
        return Access.ADMIN
    return said if said is not None else PACKAGE_PAGES.get(url_name or "")


def methods_of(view: Callable[..., Any]) -> Mapping[str, Access]:
    """Method → who may use it, of a view of the API; empty for pages, and for a view that says nothing.

    Such a view asks by itself, since who holds a token is known only inside it (``vitrina.api.views.base``).
    """
    said: Mapping[str, Access] = getattr(view, "access_by_method", {})
    return said


class AccessMiddleware:
    """Lets through who may; sends to the sign-in page who is not known, and says no to the rest."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The request goes on; the decision is made when its page is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """``None`` lets the page answer."""
        if methods_of(view):
            return None
        match = request.resolver_match
        access = access_of(view, match.view_name if match is not None else None)
        if access is not None and may_open(request.user, access):
            return None
        if access is not None and not request.user.is_authenticated:
            if request.headers.get("HX-Request"):
                return HttpResponse(status=401, headers={"HX-Redirect": "/accounts/login/"})
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        return render(request, "desk/forbidden.html", status=403)
