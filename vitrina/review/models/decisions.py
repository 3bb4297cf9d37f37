"""Tables of decisions, and of what pipelines have still to be told of them.

Decisions are append-only: what changes in a row is only that it was superseded, undone or voided. A decision and its
outbox rows are written in one transaction.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from vitrina.review.models.batches import GuidelinesVersion
from vitrina.review.models.items import ReviewItem
from vitrina.review.models.work import Lease


class Decision(models.Model):
    """What a person said of an item. A later one supersedes it; the current one has neither end."""

    class Choice(models.TextChoices):
        A = "A", "The first text, in the order of the table"
        B = "B", "The second text, in the order of the table"
        E = "E", "Equal"

    item = models.ForeignKey(ReviewItem, on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=12, help_text="approve, reject, reprocess, edit; compare for pairs")
    choice = models.CharField(max_length=1, blank=True, db_default="", default="", choices=Choice)
    tie_kind = models.CharField(max_length=8, blank=True, db_default="", default="", help_text="both_bad, or empty.")
    shown = models.CharField(max_length=5, blank=True, db_default="", default="", help_text="left, right, tie.")
    flip = models.BooleanField(null=True, help_text="Whether B stood on the left.")
    active_ms = models.PositiveIntegerField(null=True, help_text="Time with the pair in view, as the page counted it.")
    reasons = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    category = models.CharField(max_length=200, blank=True, db_default="", default="", help_text="A corrected slug.")
    edit = models.JSONField(null=True, help_text="The text as a person rewrote it.")
    version = models.ForeignKey(
        "content.ContentVersion", on_delete=models.SET_NULL, null=True, related_name="+",
        help_text="The version that an edit became.",
    )  # fmt: skip
    seen = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), help_text="What was shown.")
    guidelines = models.ForeignKey(GuidelinesVersion, on_delete=models.PROTECT, null=True, related_name="+")
    lease = models.ForeignKey(Lease, on_delete=models.SET_NULL, null=True, related_name="decisions")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    decided_as = models.CharField(max_length=150, blank=True, help_text="Name given on the command line.")
    created_at = models.DateTimeField(db_default=Now())
    superseded_by = models.OneToOneField("self", on_delete=models.SET_NULL, null=True, related_name="supersedes")
    undone_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    voided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    void_reason = models.TextField(blank=True, db_default="", default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["item", "decided_by"],
                condition=Q(superseded_by__isnull=True, undone_at__isnull=True, decided_by__isnull=False),
                name="one_current_decision_a_person",
            ),
            models.UniqueConstraint(
                fields=["lease"],
                # Naming the lease keeps a planner without statistics from reading this index to find an item's votes.
                condition=Q(lease__isnull=False, superseded_by__isnull=True, undone_at__isnull=True),
                name="one_current_decision_a_lease",
            ),
            models.CheckConstraint(condition=Q(choice="E") | Q(tie_kind=""), name="tie_kind_of_ties_only"),
            models.CheckConstraint(condition=Q(tie_kind__in=["", "both_bad"]), name="known_tie_kind"),
            models.CheckConstraint(
                condition=Q(action="compare", choice__in=["A", "B", "E"]) | (~Q(action="compare") & Q(choice="")),
                name="choices_of_comparisons_only",
            ),
        )
        indexes = (
            models.Index(fields=["decided_by", "-id"], name="decisions_of_a_person"),
            models.Index(fields=["created_at"], name="decisions_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.item_id}: {self.choice or self.action}"


class Outbox(models.Model):
    """A decision that a pipeline has still to act on; consumed in the transaction that writes the results."""

    class Cause(models.TextChoices):
        DECIDED = "decided", "The decision was made"
        VOIDED = "voided", "The decision was voided afterwards"
        CHANGED = "changed", "The decision stopped counting otherwise"

    consumer = models.CharField(max_length=40, help_text="publication, descriptions, preferences")
    kind = models.CharField(max_length=40)
    cause = models.CharField(max_length=8, choices=Cause, default=Cause.DECIDED, db_default=Cause.DECIDED)
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="outbox")
    payload = models.JSONField(default=dict)
    available_at = models.DateTimeField(db_default=Now())
    consumed_by = models.CharField(max_length=64, blank=True)
    consumed_at = models.DateTimeField(null=True)
    void_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=20, blank=True, db_default="", default="")
    problem = models.TextField(blank=True, db_default="", default="", help_text="Why it could not be acted on.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["decision", "consumer", "cause"],
                # A decision that stands again after its change was undone can be changed again.
                condition=~Q(cause="changed"),
                name="one_outbox_row_a_cause",
            ),
            models.CheckConstraint(
                condition=Q(consumed_at__isnull=True) | Q(void_at__isnull=True), name="consumed_or_void"
            ),
        )
        indexes = (
            models.Index(
                fields=["consumer", "available_at"],
                condition=Q(consumed_at__isnull=True, void_at__isnull=True),
                name="outbox_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.consumer} {self.kind}"
