"""What the champion said of pairs that people compared.

Belongs here: the table. Stays out: how it is filled (``scoring``). Every row can be made again from preferences,
decisions and the registry.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ChampionScore(models.Model):
    """One compared pair, the reward model that was in use when it was first voted on, and what that model says of it.

    A model that was in use before the first vote cannot have been trained on the pair, whenever it is scored.
    """

    class Why(models.TextChoices):
        SCORED = "scored", "Scored"
        NO_CHAMPION = "no_champion", "No model was in use when it was voted on"
        OTHER_CONTRACT = "other_contract", "The model in use was trained on another kind of text"

    key = models.CharField(max_length=200, unique=True, help_text="Of the preference: pair:<id>:<criterion>.")
    champion = models.ForeignKey(
        "models_registry.RegisteredModel", on_delete=models.CASCADE, null=True, related_name="scored_pairs"
    )
    why = models.CharField(max_length=16, choices=Why)
    margin = models.FloatField(null=True, help_text="Calibrated score of the first text less that of the second.")
    outcome = models.CharField(max_length=8, help_text="What people said, all votes together.")
    right = models.BooleanField(null=True, help_text="Null where people did not decide, or nothing was scored.")
    votes_decided = models.PositiveSmallIntegerField(default=0, help_text="Single votes for one of the sides.")
    votes_right = models.PositiveSmallIntegerField(default=0, help_text="Those for the side that the model prefers.")
    prompt_seen = models.BooleanField(default=False, help_text="The model was trained on the prompt, or one like it.")
    chosen_for = models.CharField(max_length=20, blank=True, help_text="Why the product was chosen to be compared.")
    voted_at = models.DateTimeField(help_text="Of the first vote.")
    seen = models.CharField(max_length=64, help_text="Fingerprint of the preference that was scored.")
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["champion", "voted_at"], name="scores_of_a_champion"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.margin}"
