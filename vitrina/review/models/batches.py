"""Tables of batches of pairs and of the guidelines that people work by."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class GuidelinesVersion(models.Model):
    """One version of the rules for a kind of work, in both languages. Never changed: a correction is a new one."""

    topic = models.SlugField(max_length=60, help_text="moderation, or the criterion of a comparison.")
    number = models.PositiveIntegerField(help_text="Counts from 1 within a topic.")
    body_ru = models.TextField(help_text="Markdown.")
    body_en = models.TextField(help_text="Markdown.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["topic", "number"], name="guidelines_number"),)

    def __str__(self) -> str:
        return f"{self.topic} {self.number}"


class Batch(models.Model):
    """Pairs that are to be compared under one criterion and one version of the guidelines."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    class Strategy(models.TextChoices):
        PRIORITY = "priority", "By priority"
        COVERAGE = "coverage", "Fewest votes first"
        DISAGREEMENT = "disagreement", "Where people disagree first"
        UNCERTAIN = "uncertain", "Least certain first"

    class GoldAction(models.TextChoices):
        FLAG = "flag", "Show it to the administrator"
        STOP = "stop", "Give the person no more pairs of this batch"

    name = models.CharField(max_length=120, unique=True)
    criterion = models.SlugField(max_length=60, help_text="What is compared: the topic of its guidelines.")
    question_ru = models.CharField(max_length=200, help_text="The question over the two texts.")
    question_en = models.CharField(max_length=200)
    guidelines = models.ForeignKey(GuidelinesVersion, on_delete=models.PROTECT, related_name="batches")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    strategy = models.CharField(max_length=12, choices=Strategy, default=Strategy.PRIORITY)
    overlap = models.PositiveSmallIntegerField(default=2, help_text="Votes a pair.")
    extra_votes = models.PositiveSmallIntegerField(default=1, help_text="Further votes where no choice has a majority.")
    gold_share = models.FloatField(default=0.0, help_text="Share of shown pairs whose answer is known, 0 to 0.5.")
    gold_floor = models.FloatField(default=0.7, help_text="Below this share of right answers a person fails.")
    gold_after = models.PositiveSmallIntegerField(default=20, help_text="… judged after so many of them.")
    gold_action = models.CharField(max_length=4, choices=GoldAction, default=GoldAction.FLAG)
    rationale_share = models.FloatField(default=0.0, help_text="Share of pairs on which reasons are asked for.")
    lease_seconds = models.PositiveIntegerField(default=600, help_text="How long a pair is held for a person.")
    role = models.CharField(max_length=20, blank=True, default="annotator", help_text="Role that may work on it.")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="review_batches")
    due_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = (
            models.CheckConstraint(condition=models.Q(overlap__gte=1, overlap__lte=50), name="batch_overlap"),
            models.CheckConstraint(condition=models.Q(gold_share__gte=0, gold_share__lte=0.5), name="batch_gold_share"),
            models.CheckConstraint(condition=models.Q(lease_seconds__gte=30), name="batch_lease_seconds"),
        )

    def __str__(self) -> str:
        return self.name
