"""Tables of accounts beside Django's own users and groups."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now
from knox.models import AbstractAuthToken


class Invitation(models.Model):
    """An address that may make an account. Only the hash of its token is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=20)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                Lower("email"), condition=models.Q(used_at__isnull=True), name="one_open_invitation_an_address"
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"


class ResetRequest(models.Model):
    """Somebody asked for a new password where no mail can be sent: an administrator hands the link over."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(handled_at__isnull=True), name="one_open_reset_request_a_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} at {self.created_at:%Y-%m-%d %H:%M}"


class ApiToken(AbstractAuthToken):
    """A key of the API. Only its hash is kept; ``number`` is what pages and addresses call it by."""

    number = models.UUIDField(unique=True, default=uuid4, editable=False)
    name = models.CharField(max_length=60, help_text="What it is used for.")
    used_on = models.DateField(null=True, help_text="The last day it was used on (UTC).")

    class Meta:
        indexes = (models.Index(fields=["user", "-created"], name="tokens_of_a_person"),)

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"
