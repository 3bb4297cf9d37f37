"""The site of the admin: who may enter, and what its pages may load.

Belongs here: the site and the class of tables that nobody changes. Stays out: which tables (the modules beside).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from vitrina.accounts.roles import Role, roles_of

#: The theme's small framework evaluates expressions of its own templates and sets styles on elements.
POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
#: Pages of Django's admin that the desk has already, under its own rules, or that nothing here needs.
_OURS = {"login", "password_change_done", "autocomplete"}


def _in_english(view: Callable[..., Any]) -> Callable[..., Any]:
    """Whatever the reader's language: half of the words would stay English otherwise."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with translation.override("en"):
            request.LANGUAGE_CODE = "en"  # type: ignore[attr-defined]
            answer = view(request, *args, **kwargs)
            if isinstance(answer, SimpleTemplateResponse) and not answer.is_rendered:
                answer.render()
            return answer

    return answered


class Backoffice(UnfoldAdminSite):
    """For administrators by role. Signing in and out are the desk's."""

    site_title = site_header = "Vitrina"
    index_title = "Tables"
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        """The role, and not Django's flag of staff."""
        return Role.ADMIN in roles_of(request.user)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """With a policy that the theme can work under; marked, so that the middleware knows whose page it is."""
        wrapped: Any = csp_update(POLICY)(_in_english(super().admin_view(view, cacheable)))
        wrapped.admin_site = self
        return wrapped  # type: ignore[no-any-return]

    def get_urls(self) -> list[Any]:
        """Without what the desk has."""
        return [entry for entry in super().get_urls() if getattr(entry, "name", None) not in _OURS]

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """The desk's page for it."""
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """The desk's page for it."""
        return redirect("account_change_password")


site = Backoffice(name="admin")


class ForAdministrators(ModelAdmin):  # type: ignore[misc]
    """What the role opens, without permissions of Django's own; nothing is ever deleted here."""

    list_per_page = 50
    show_full_result_count = False  # counting a large table takes longer than the page

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Listed."""
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Shown."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Where a service makes such rows."""
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Where a service changes such rows."""
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: rows are switched off."""
        return False


class ReadOnly(ForAdministrators):
    """A table that is a record: shown, and nothing else."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never."""
        return False


def administrator(request: HttpRequest) -> User:
    """Who is at the admin."""
    assert isinstance(request.user, User)  # noqa: S101 - the site let them in
    return request.user
