"""Inviting people, making their accounts, and links for a new password.

Belongs here: what pages and commands of accounts do. Tokens are shown once and stored as hashes; none is ever logged.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Q

from vitrina.accounts.models import ApiToken, Invitation, ResetRequest
from vitrina.accounts.roles import Role, give_role, roles_of
from vitrina.errors import PermanentError
from vitrina.review.moderating import hand_back

INVITATION_DAYS = 14
_LOCK = 0x76_69_61_63  # "viac"


class AccountError(PermanentError):
    """An account or invitation cannot be made; the message says why."""


def invite(email: str, role: Role, *, by: User | None = None) -> str:
    """Invite an address; an open invitation of it is replaced.

    Returns:
        The token for the link. It cannot be had again.

    Raises:
        AccountError: No address, or it has an account.
    """
    email = checked_address(email)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(email__iexact=email, used_at__isnull=True).delete()
        Invitation.objects.create(
            email=email,
            role=role.value,
            token_hash=_hash(token),
            invited_by=by,
            expires_at=datetime.now(UTC) + timedelta(days=INVITATION_DAYS),
        )
    return token


def checked_address(email: str) -> str:
    """The address in small letters.

    Raises:
        AccountError: It is none, or it has an account.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise AccountError(f"{email or 'An empty text'} is not an e-mail address.") from None
    if User.objects.filter(email__iexact=email).exists():
        raise AccountError(f"{email} has an account already.", hint="`vitrina user list` shows them.")
    return email


def withdraw_invitation(invitation_id: int, *, by: User) -> str:
    """Remove an invitation that nobody has used; its link serves no more. Returns its address.

    Raises:
        AccountError: It is used or withdrawn already, or ``by`` is no administrator.
    """
    _require_admin(by)
    with transaction.atomic():
        found = Invitation.objects.select_for_update().filter(pk=invitation_id, used_at__isnull=True).first()
        if found is None:
            raise AccountError("This request is done with already.")
        found.delete()
    return found.email


def open_invitation(token: str) -> Invitation | None:
    """The invitation of a link, while it can be used."""
    found = Invitation.objects.filter(token_hash=_hash(token), used_at__isnull=True).first()
    return found if found is not None and found.expires_at > datetime.now(UTC) else None


def accept(token: str, password: str, name: str = "") -> User:
    """Make the account that an invitation allows. A token serves once, also when it is used twice at once.

    Raises:
        AccountError: The link is used, expired or unknown.
        ValidationError: The password is too weak.
    """
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update().filter(token_hash=_hash(token)).first()
        if invitation is None or invitation.used_at is not None or invitation.expires_at <= datetime.now(UTC):
            raise AccountError("This invitation is used up or has expired.", hint="Ask for a new one.")
        user = _new_user(invitation.email, name)
        validate_password(password, user)
        user.set_password(password)
        user.save()
        give_role(user, Role(invitation.role))
        invitation.used_at = datetime.now(UTC)
        invitation.save(update_fields=["used_at"])
    return user


def accept_address(email: str, name: str = "") -> User | None:
    """Make the account of an invited address that somebody else has verified; ``None`` where it is not invited.

    It has no password: its owner comes by the provider, or asks for one.
    """
    with transaction.atomic():
        waiting = Invitation.objects.select_for_update().filter(email__iexact=email, used_at__isnull=True)
        invitation = waiting.filter(expires_at__gt=datetime.now(UTC)).first()
        if invitation is None or User.objects.filter(email__iexact=email).exists():
            return None
        user = _new_user(invitation.email, name)
        user.set_unusable_password()
        user.save()
        give_role(user, Role(invitation.role))
        invitation.used_at = datetime.now(UTC)
        invitation.save(update_fields=["used_at"])
    return user


def change_role(user: User, role: Role, *, by: User) -> None:
    """Give a person another role. Cases that wait for somebody who moderates no more are anybody's again.

    Raises:
        AccountError: Nobody would administer any more, or ``by`` is no administrator.
    """
    _require_admin(by)
    with transaction.atomic():
        _serialise()
        if role is not Role.ADMIN:
            _keep_an_admin(user)
        give_role(user, role)
        if role is Role.ANNOTATOR:
            hand_back(user)


def check_roles(user: User, role: Role, *, active: bool) -> None:
    """Whether a person may have this role, or be closed.

    Raises:
        AccountError: Nobody would administer any more.
    """
    if role is not Role.ADMIN or not active:
        _keep_an_admin(user)


def close_account(user: User, *, by: User | None) -> None:
    """The person cannot sign in any more, and their keys are gone; what they decided stays.

    Cases that waited for them are anybody's again.

    Args:
        user: Whose account.
        by: An administrator; ``None``: the command line, whose user owns the installation.

    Raises:
        AccountError: Nobody would administer any more, or ``by`` is no administrator.
    """
    if by is not None:
        _require_admin(by)
    with transaction.atomic():
        _serialise()
        _keep_an_admin(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        ApiToken.objects.filter(user=user).delete()
        hand_back(user)


def reopen_account(user: User, *, by: User) -> None:
    """Let a person sign in again."""
    _require_admin(by)
    User.objects.filter(pk=user.pk).update(is_active=True)


def _require_admin(by: User) -> None:
    if Role.ADMIN not in roles_of(by):
        raise AccountError("This needs the role admin.")


def _keep_an_admin(user: User) -> None:
    """Raises where this person is the last who administers."""
    admins = User.objects.filter(Q(groups__name=Role.ADMIN.value) | Q(is_superuser=True), is_active=True)
    if admins.filter(pk=user.pk).exists() and not admins.exclude(pk=user.pk).exists():
        raise AccountError("This is the last administrator.", hint="Make somebody else one first.")


def _serialise() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _new_user(email: str, name: str) -> User:
    # Django's own user table has no unique address; this lock and the check behind it make it so.
    _serialise()
    email = checked_address(email)
    return User(username=email[:150], email=email, first_name=name.strip()[:150])


def ask_for_reset(user: User) -> None:
    """Put a person on the administrators' list of those who need a new password; once while it is open."""
    ResetRequest.objects.bulk_create([ResetRequest(user=user)], ignore_conflicts=True)


def reset_path(user: User) -> str:
    """Path of a page where a person sets a new password. It serves once, for three days."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str
    from django.urls import reverse

    parts = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return reverse("account_reset_password_from_key", kwargs=parts)


def handle_reset(request_id: int, *, by: User) -> tuple[User, str]:
    """The person of a request, and the path to hand over; the request is done with.

    Raises:
        AccountError: There is no such open request.
    """
    with transaction.atomic():
        found = ResetRequest.objects.select_for_update().filter(pk=request_id, handled_at__isnull=True).first()
        if found is None:
            raise AccountError("This request is done with already.")
        found.handled_at, found.handled_by = datetime.now(UTC), by
        found.save(update_fields=["handled_at", "handled_by"])
    user = User.objects.get(pk=found.user_id)
    return user, reset_path(user)


def password_link(user: User, *, by: User) -> str:
    """Path by which a person sets a new password, without their asking; a request of theirs is done with by it.

    Raises:
        AccountError: The account is closed, or ``by`` is no administrator.
    """
    _require_admin(by)
    if not user.is_active:
        raise AccountError(f"The account of {user.email} is closed.")
    waiting = ResetRequest.objects.filter(user=user, handled_at__isnull=True)
    waiting.update(handled_at=datetime.now(UTC), handled_by=by)
    return reset_path(user)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
