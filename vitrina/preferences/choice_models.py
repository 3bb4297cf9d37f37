"""Tables of best of n: what was chosen among which candidates, and the short cards that came of it.

Belongs here: the tables. Stays out: the candidates themselves (``models``), how one is chosen (``choosing``).
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Choice(models.Model):
    """One choosing among several candidates of one product. The same candidates and the same judge are one row."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="choices")
    contract = models.CharField(max_length=12)
    language = models.CharField(max_length=5)
    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of the candidates and of who chose.")
    scorer = models.CharField(max_length=64, blank=True, help_text="Reward model that chose; empty: none did.")
    scorer_kind = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True, help_text="Why no reward model chose.")
    candidates = models.PositiveSmallIntegerField()
    chosen = models.ForeignKey("preferences.Candidate", on_delete=models.CASCADE, related_name="+")
    uplift = models.FloatField(null=True, help_text="Score of the chosen minus the mean of all.")
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["product", "contract"], name="choices_of_a_product"),)

    def __str__(self) -> str:
        return f"{self.contract} of {self.product_id}: 1 of {self.candidates}"


class ScoredCandidate(models.Model):
    """A candidate as it stood in one choosing."""

    choice = models.ForeignKey(Choice, on_delete=models.CASCADE, related_name="options")
    candidate = models.ForeignKey("preferences.Candidate", on_delete=models.CASCADE, related_name="scored")
    score = models.FloatField(null=True, help_text="Calibrated; comparable within one choice only.")
    grounding = models.FloatField(help_text="Share of its statements that the facts carry.")
    fit = models.BooleanField(help_text="It keeps its contract and says nothing that the facts do not.")
    chosen = models.BooleanField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["choice", "candidate"], name="a_candidate_stands_once"),)

    def __str__(self) -> str:
        return f"{self.candidate_id} in {self.choice_id}: {self.score}"


class ProductCard(models.Model):
    """The short card of a product in one language, by the pipeline alone. The candidate behind it never changes."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="cards")
    language = models.CharField(max_length=5)
    candidate = models.ForeignKey("preferences.Candidate", on_delete=models.CASCADE, related_name="+")
    choice = models.ForeignKey(Choice, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    writer = models.CharField(max_length=60)
    fit = models.BooleanField(help_text="It may be shown.")
    input_hash = models.CharField(max_length=64, help_text="Of the facts alone.")
    fingerprint = models.CharField(max_length=64, help_text="Of facts, writers, how many, and who chose.")
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["product", "language"], name="one_card_a_language"),)

    def __str__(self) -> str:
        return f"card of {self.product_id} by {self.writer}"
