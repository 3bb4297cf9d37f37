"""Tables of what people arrange for themselves at the desk.

Belongs here: what concerns one person and changes nobody's work. Stays out: what people hold and decide (``work``,
``decisions``).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SavedView(models.Model):
    """Filters of the moderation list under a name, of one person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.TextField(help_text="As it stands in the list's address, without what says nothing.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "name"], name="one_saved_view_a_name"),)

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"


class BoardConsent(models.Model):
    """A person who wants the team to see their numbers; no row: nobody but they and administrators do."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d}"
