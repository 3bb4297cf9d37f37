"""Tables of people at work: who they are in exports, what they hold, what they set aside, where they stand."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from vitrina.review.models.batches import Batch
from vitrina.review.models.items import ReviewItem


class Annotator(models.Model):
    """The name under which a person's decisions leave the platform: random, and always the same."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="annotator")
    pseudonym = models.CharField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.pseudonym


class Lease(models.Model):
    """An item shown to a person, for a time. Kept when it ends: it says what was shown, and on which side."""

    class Slot(models.IntegerChoices):
        CURRENT = 0, "On the screen"
        AHEAD = 1, "Fetched ahead"

    class End(models.TextChoices):
        DECIDED = "decided", "Decided"
        SKIPPED = "skipped", "Skipped"
        FLAGGED = "flagged", "Flagged"
        RELEASED = "released", "Given back"
        EXPIRED = "expired", "Expired"

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="leases")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="review_leases")
    slot = models.PositiveSmallIntegerField(choices=Slot)
    token = models.UUIDField(unique=True)
    flip = models.BooleanField(help_text="Whether B stands on the left: a random bit drawn for this lease.")
    rationale = models.BooleanField(default=False, db_default=False, help_text="Whether reasons are asked for.")
    until = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_as = models.CharField(max_length=8, choices=End, blank=True, db_default="", default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "slot"], condition=Q(ended_at__isnull=True), name="one_lease_a_slot"
            ),
            models.UniqueConstraint(
                fields=["item", "user"], condition=Q(ended_at__isnull=True), name="one_lease_an_item_a_person"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_as="") | (Q(ended_at__isnull=False) & ~Q(ended_as="")),
                name="ended_leases_say_how",
            ),
        )
        indexes = (models.Index(fields=["until"], condition=Q(ended_at__isnull=True), name="live_leases"),)

    def __str__(self) -> str:
        return f"{self.item_id} for {self.user_id} until {self.until:%H:%M:%S}"


class SetAside(models.Model):
    """A person does not want an item (skip), says that nobody should get it (flag), or must not get it (barred)."""

    class Kind(models.TextChoices):
        SKIP = "skip", "Not me"
        FLAG = "flag", "Nobody"
        BARRED = "barred", "Decided about this text before"

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="set_aside")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind)
    reason = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, help_text="When a moderator answered a flag.")
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    resolution = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "set aside"
        constraints = (models.UniqueConstraint(fields=["item", "user"], name="set_aside_once_a_person"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.item_id}"


class Watermark(models.Model):
    """Where a person stands in a batch's order, so that "next" does not walk over all that they decided before."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")
    strategy = models.CharField(max_length=12)
    position = ArrayField(models.FloatField(), help_text="Rank, priority and id of the last item taken.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "batch", "strategy"], name="one_watermark_an_order"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.batch_id}: {self.position}"
