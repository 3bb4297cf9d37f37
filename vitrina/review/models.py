"""Tables of review: what waits for a person, what a person decided, what is to be told to pipelines.

Decisions are append-only. A decision and its outbox row are written in one transaction.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ReviewItem(models.Model):
    """Something that a person must look at."""

    class Kind(models.TextChoices):
        TEXT = "text", "A text and its category"
        PRICE = "price", "A change of price"
        LIST = "list", "A list that lacks or changes too much"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        REPROCESS = "reprocess", "To be made again"
        SUPERSEDED = "superseded", "Overtaken by a newer version"

    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=200, help_text="What it is about: version:<id>, price:<product>, list:<drop>.")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, related_name="reviews")
    version = models.ForeignKey("content.ContentVersion", on_delete=models.CASCADE, null=True, related_name="reviews")
    drop = models.ForeignKey("catalog.Drop", on_delete=models.CASCADE, null=True, related_name="reviews")
    priority = models.PositiveSmallIntegerField(default=3, help_text="1 is the most urgent.")
    reasons = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    resolution = models.TextField(blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["key"], condition=models.Q(state="open"), name="one_open_item_per_key"),
        )
        indexes = (
            models.Index(fields=["priority", "id"], condition=models.Q(state="open"), name="open_by_priority"),
            models.Index(fields=["key"], name="review_key"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.state}"


class Decision(models.Model):
    """What a person said of an item. Never changed; a later one supersedes it."""

    item = models.ForeignKey(ReviewItem, on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=12, help_text="approve, reject, reprocess, edit")
    reasons = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    decided_as = models.CharField(max_length=150, blank=True, help_text="Name given on the command line.")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.item_id}: {self.action}"


class Outbox(models.Model):
    """A decision that a pipeline has still to act on; consumed in the transaction that writes the results."""

    consumer = models.CharField(max_length=40, help_text="publication, categories, …")
    kind = models.CharField(max_length=40)
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="outbox")
    payload = models.JSONField(default=dict)
    available_at = models.DateTimeField(db_default=Now())
    consumed_by = models.CharField(max_length=64, blank=True)
    consumed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(
                fields=["consumer", "available_at"], condition=models.Q(consumed_at__isnull=True), name="outbox_pending"
            ),
        )

    def __str__(self) -> str:
        return f"{self.consumer} {self.kind}"
