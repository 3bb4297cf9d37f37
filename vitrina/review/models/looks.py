"""Table of approved texts that are looked at again: which were drawn, what came of it.

Belongs here: the draw and its outcome. What is shown of it to whom is elsewhere (``vitrina.review.blindness``); the
case itself is a ``ReviewItem`` like all others.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from vitrina.review.models.decisions import Decision
from vitrina.review.models.items import ReviewItem


class SecondLook(models.Model):
    """An approval that was drawn, and the case in which somebody else decides about the same text without knowing it.

    Nothing of this table may reach who may still get that case.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waits for a second person"
        AGREED = "agreed", "The second person approved as well"
        DIFFERS = "differs", "The second person decided otherwise: a third one settles it"
        VOID = "void", "What was approved stands no more"
        LET_GO = "let_go", "Nobody looked in time"

    first = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="second_look")
    item = models.OneToOneField(ReviewItem, on_delete=models.CASCADE, related_name="second_look")
    second = models.OneToOneField(Decision, on_delete=models.CASCADE, null=True, related_name="+")
    third = models.OneToOneField(
        ReviewItem, on_delete=models.SET_NULL, null=True, related_name="settles", help_text="The case that settles it."
    )
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    reason = models.CharField(max_length=200, blank=True, default="", help_text="Why it was not answered.")
    confidence = models.FloatField(null=True, help_text="That of the category before a person confirmed it.")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(outcome="waiting", ended_at__isnull=True)
                | (~Q(outcome="waiting") & Q(ended_at__isnull=False)),
                name="ended_second_looks_say_when",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["agreed", "differs"]) | Q(second__isnull=False),
                name="answered_second_looks_say_by_what",
            ),
        )
        indexes = (models.Index(fields=["created_at"], condition=Q(outcome="waiting"), name="waiting_second_looks"),)

    def __str__(self) -> str:
        return f"second look at decision {self.first_id}: {self.outcome}"
