"""Tables of what waits for people: cases of moderation, and pairs to compare."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from vitrina.review.models.batches import Batch


class ResponsePair(models.Model):
    """Two texts made for one prompt. Their order is that of their hashes, so that a pair has one row, whoever asks.

    Nothing of this table but the texts and the facts may reach the browser of who compares them.
    """

    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of prompt and both texts.")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, related_name="pairs")
    prompt = models.TextField(blank=True, help_text="What both texts answer.")
    facts = models.JSONField(default=dict, help_text="Label → value, shown above the texts.")
    language = models.CharField(max_length=5, default="ru")
    text_a = models.TextField()
    text_b = models.TextField()
    version_a = models.ForeignKey("content.ContentVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    version_b = models.ForeignKey("content.ContentVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    measures = models.JSONField(default=dict, help_text="Length and markup counts of both sides.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(text_a=F("text_b")), name="texts_of_a_pair_differ"),)

    def __str__(self) -> str:
        return f"pair {self.pk} of {self.product_id}"


class ReviewItem(models.Model):
    """Something that people must look at: a case of moderation, or a pair within a batch.

    ``done`` counts standing decisions by people at the desk and the command line, ``held`` live leases. What is open
    is never held and done by more people than it needs: the database refuses it.
    """

    class Kind(models.TextChoices):
        TEXT = "text", "A text and its category"
        PRICE = "price", "A change of price"
        LIST = "list", "A list that lacks or changes too much"
        PAIR = "pair", "Two texts to compare"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        REPROCESS = "reprocess", "To be made again"
        SUPERSEDED = "superseded", "Overtaken by a newer version"
        DONE = "done", "Has the votes it needs"
        FLAGGED = "flagged", "Taken out by an annotator"
        WITHDRAWN = "withdrawn", "Taken out by a moderator, or its batch closed"

    class Part(models.TextChoices):
        WORK = "work", "Work"
        GOLD = "gold", "Gold: the answer is known"
        ONBOARDING = "onboarding", "Onboarding: the answer is explained"

    class Look(models.IntegerChoices):
        FIRST = 1, "The first"
        SECOND = 2, "The second, which nobody must know to be one"
        SETTLING = 3, "The third, where two people decided differently"

    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(
        max_length=200, help_text="What it is about: version:<id>, price:<product>, list:<drop>, pair:<batch>:<pair>."
    )
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, related_name="reviews")
    version = models.ForeignKey("content.ContentVersion", on_delete=models.CASCADE, null=True, related_name="reviews")
    drop = models.ForeignKey("catalog.Drop", on_delete=models.CASCADE, null=True, related_name="reviews")
    pair = models.ForeignKey(ResponsePair, on_delete=models.PROTECT, null=True, related_name="items")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="items")
    part = models.CharField(max_length=10, choices=Part, default=Part.WORK, db_default=Part.WORK)
    look = models.PositiveSmallIntegerField(
        choices=Look, default=Look.FIRST, db_default=Look.FIRST, help_text="Which look at the same text it asks for."
    )
    expected = models.CharField(max_length=1, blank=True, default="", db_default="", help_text="Gold: A, B or E.")
    explanation = models.TextField(blank=True, default="", db_default="", help_text="Why that is the answer.")
    priority = models.PositiveSmallIntegerField(default=3, help_text="1 is the most urgent.")
    need = models.PositiveSmallIntegerField(default=1, db_default=1, help_text="Decisions wanted (overlap).")
    done = models.PositiveSmallIntegerField(default=0, db_default=0)
    held = models.PositiveSmallIntegerField(default=0, db_default=0)
    agreement = models.FloatField(default=1.0, db_default=1.0, help_text="Share of the leading choice, 1 before votes.")
    certainty = models.FloatField(
        default=1.0, db_default=1.0, help_text="How sure a model is of the answer, 0 to 1; 1 where none was asked."
    )
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
            models.UniqueConstraint(fields=["key", "look"], condition=Q(state="open"), name="one_open_item_per_key"),
            models.UniqueConstraint(fields=["batch", "pair"], name="a_pair_once_a_batch"),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(need__gte=F("done") + F("held")), name="not_held_by_more_than_needed"
            ),
            models.CheckConstraint(
                condition=Q(kind="pair", batch__isnull=False, pair__isnull=False)
                | (~Q(kind="pair") & Q(batch__isnull=True, pair__isnull=True)),
                name="pairs_are_in_batches",
            ),
            models.CheckConstraint(
                condition=Q(part="work", expected="") | Q(kind="pair", expected__in=["A", "B", "E"]),
                name="gold_knows_its_answer",
            ),
            models.CheckConstraint(
                condition=Q(look=1) | Q(look__in=[2, 3], kind="text", version__isnull=False), name="looks_at_texts_only"
            ),
        )
        indexes = (
            models.Index(fields=["priority", "id"], condition=Q(state="open"), name="open_by_priority"),
            models.Index(fields=["key"], name="review_key"),
            models.Index(
                fields=["batch", "part", "priority", "id"], condition=Q(state="open", need__gt=F("done") + F("held")),
                name="free_by_priority",
            ),
            models.Index(
                F("batch"), F("part"), F("done") + F("held"), F("priority"), F("id"),
                condition=Q(state="open", kind="pair", need__gt=F("done") + F("held")), name="free_by_coverage",
            ),
            models.Index(
                fields=["batch", "part", "agreement", "priority", "id"],
                condition=Q(state="open", kind="pair", need__gt=F("done") + F("held")), name="free_by_disagreement",
            ),
            models.Index(
                fields=["batch", "part", "certainty", "priority", "id"],
                condition=Q(state="open", kind="pair", need__gt=F("done") + F("held")), name="free_by_certainty",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.state}"
