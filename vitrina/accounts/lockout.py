"""Who is counted when a sign-in fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def username(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The address that was tried, in small letters; at most 250 characters."""
    tried = ""
    if credentials:
        tried = str(credentials.get("email") or credentials.get("username") or "")
    if not tried and request is not None:
        tried = str(request.POST.get("login", ""))
    return tried.strip().lower()[:250]
