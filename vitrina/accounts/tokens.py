"""Keys of the API: made, listed, revoked.

Belongs here: what pages, the command line and the API do with them. Stays out: checking one
(``vitrina.api.authentication``). A key is shown once, and stored as a hash.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from vitrina.accounts.models import ApiToken
from vitrina.accounts.services import AccountError

LONGEST_DAYS = 365
#: A person has so many valid keys at most: a script that makes one at each start would fill the list.
MOST_TOKENS = 20


def make_token(user: User, name: str, *, days: int = 90) -> tuple[ApiToken, str]:
    """Make a key.

    Returns:
        Its row, and the key itself, which cannot be had again.

    Raises:
        AccountError: No name, too long a life, or too many keys.
    """
    name = " ".join(name.split())[:60]
    if not name:
        raise AccountError("A key needs a name.", hint="Say what it is for: the name of the script, for instance.")
    if not 1 <= days <= LONGEST_DAYS:
        raise AccountError(f"A key lives between 1 and {LONGEST_DAYS} days.")
    if not user.is_active:
        raise AccountError(f"The account of {user.email} is closed.")
    ApiToken.objects.filter(user=user, expiry__lte=Now()).delete()
    if ApiToken.objects.filter(user=user).count() >= MOST_TOKENS:
        raise AccountError(f"There are {MOST_TOKENS} keys already.", hint="Revoke one that is not used any more.")
    token, secret = ApiToken.objects.create(user=user, expiry=timedelta(days=days), name=name)
    return token, secret


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Valid keys of a person, the newest first."""
    return ApiToken.objects.filter(Q(expiry=None) | Q(expiry__gt=Now()), user=user).order_by("-created")


def revoke_token(user: User, number: UUID) -> bool:
    """End a key of this person's; false where they have none of that number."""
    return ApiToken.objects.filter(user=user, number=number).delete()[0] > 0
