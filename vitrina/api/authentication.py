"""Who calls: a key in the header, or the session of a page.

Belongs here: reading both. Stays out: making keys (``vitrina.accounts.tokens``), what a caller may do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from vitrina.accounts.models import ApiToken
from vitrina.accounts.roles import remember_groups


class KeyAuthentication(TokenAuthentication):
    """``Authorization: Bearer vit_…``. One query: knox's own reads all the person's keys as well."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """The person and the key.

        Raises:
            AuthenticationFailed: It is unknown, expired, or its owner's account is closed.
        """
        try:
            secret = token.decode("ascii")
        except UnicodeDecodeError:
            raise AuthenticationFailed("This key is not known, or has expired.") from None
        digest = hash_token(secret)
        rows = ApiToken.objects.filter(token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH]).select_related("user")
        groups = Group.objects.filter(user=OuterRef("user_id")).values("name")
        for row in rows.annotate(groups=ArraySubquery(groups)):
            alive = row.expiry is None or row.expiry > datetime.now(UTC)
            if compare_digest(digest, row.digest) and alive and row.user.is_active:
                self._note_use(row)
                remember_groups(row.user, row.groups)
                return row.user, row
        raise AuthenticationFailed("This key is not known, or has expired.")

    @staticmethod
    def _note_use(row: ApiToken) -> None:
        today = datetime.now(UTC).date()
        if row.used_on != today:
            ApiToken.objects.filter(pk=row.pk).update(used_on=today)

    def authenticate_header(self, request: Any) -> str:  # noqa: ARG002 - the signature of knox
        """What a 401 asks for."""
        return "Bearer"
