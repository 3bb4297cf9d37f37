"""Tables of the model registry.

Belongs here: the tables. Stays out: the files of models, which are objects; what may be promoted (`services`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class RegisteredModel(models.Model):
    """One trained model. The same weights in the same role are one row, however often they were trained."""

    class Role(models.TextChoices):
        REWARD = "reward", "Scores answers"
        SFT = "sft", "Writes, taught by examples"
        POLICY = "policy", "Writes, taught by a reward model"

    class Status(models.TextChoices):
        CANDIDATE = "candidate", "Not decided yet, or not let through"
        CHAMPION = "champion", "In use"
        RETIRED = "retired", "Was in use"

    role = models.CharField(max_length=10, choices=Role)
    model_id = models.CharField(max_length=64, help_text="Hash of the weights.")
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status, default=Status.CANDIDATE)
    prefix = models.CharField(max_length=200, help_text="Where its files lie in the object store.")
    manifest_sha256 = models.CharField(max_length=64, help_text="Of manifest.json, which names all other files.")
    manifest = models.JSONField(default=dict)
    report = models.JSONField(default=dict, help_text="Figures on held-out pairs.")
    rules = models.JSONField(default=list, help_text="The gate's rules and how each came out.")
    passed = models.BooleanField(default=False, help_text="Whether every rule was met.")
    dataset_version = models.CharField(max_length=64, blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["role", "model_id"], name="one_row_for_the_same_weights"),
            models.UniqueConstraint(fields=["role"], condition=Q(status="champion"), name="one_champion_for_a_role"),
        )

    def __str__(self) -> str:
        return f"{self.role} model {self.model_id[:12]} ({self.status})"


class Promotion(models.Model):
    """A change of champion, and who decided it. Never changed."""

    role = models.CharField(max_length=10, choices=RegisteredModel.Role)
    model = models.ForeignKey(
        RegisteredModel, on_delete=models.PROTECT, null=True, related_name="promotions", help_text="Empty: none since."
    )
    former = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, null=True, related_name="+")
    decided_by = models.CharField(max_length=120, help_text="A person, or the gate.")
    reason = models.TextField(blank=True)
    overridden = models.BooleanField(default=False, help_text="The gate had not let it through.")
    rolled_back = models.BooleanField(default=False, help_text="It brought the former champion back.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(overridden=False) | (~Q(reason="") & ~Q(decided_by="")), name="an_override_is_signed"
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_id or 'none'} by {self.decided_by}"
