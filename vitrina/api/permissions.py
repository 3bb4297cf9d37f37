"""Who may use a method of a view: what the view says, and nobody where it says nothing.

Belongs here: the permission. Stays out: roles (``vitrina.accounts.roles``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from vitrina.accounts.roles import may_open

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Opens(BasePermission):
    """Lets through who may use the method, by the view's ``access``; a method that says nothing is closed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this person may."""
        method = "GET" if request.method == "HEAD" else str(request.method)
        access = getattr(view, "access", {}).get(method)
        if access is None:
            # Not implemented: a 405 for who is known. Implemented and silent: closed.
            return bool(request.user.is_authenticated) and not hasattr(view, method.lower())
        return may_open(request.user, access)
