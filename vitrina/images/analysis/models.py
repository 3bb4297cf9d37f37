"""The table of what pictures tell.

Belongs here: one row a picture, with the versions it was made by. Stays out: the picture itself
(``vitrina.images.models``), which product shows it.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class PictureAnalysis(models.Model):
    """Measured facts of one picture, and a model's opinion of it. A picture that many products show has one row."""

    class State(models.TextChoices):
        DONE = "done", "Analysed"
        FAILED = "failed", "Could not be read"

    class Vision(models.TextChoices):
        NONE = "", "Not asked"
        DONE = "done", "Answered"
        FAILED = "failed", "No answer that can be used"

    picture = models.OneToOneField(
        "images.Picture", on_delete=models.CASCADE, primary_key=True, related_name="analysis"
    )
    state = models.CharField(max_length=6, choices=State)
    message = models.TextField(blank=True, default="", db_default="", help_text="Why it could not be read.")
    analyser = models.SmallIntegerField(help_text="Version of the local analysis.")
    facts = models.JSONField(default=dict, help_text="Measured, without a model: colours, quality, background.")
    quality = models.FloatField(null=True, help_text="0 to 1, of the facts.")
    vision_state = models.CharField(max_length=6, choices=Vision, blank=True, default="", db_default="")
    vision = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), help_text="CAT-3.")
    merged = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), help_text="Facts and opinion, joined."
    )
    vision_model = models.CharField(max_length=200, blank=True, default="", db_default="")
    vision_mark = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Of prompt, model and picture's recipe."
    )
    vision_error = models.TextField(blank=True, default="", db_default="")
    request_key = models.CharField(max_length=64, blank=True, default="", db_default="", help_text="In the ledger.")
    tokens = models.IntegerField(default=0, db_default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True, help_text="Null: none or unknown.")
    cutout_key = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="PNG without background, where settings ask."
    )
    cutout_mark = models.CharField(max_length=40, blank=True, default="", db_default="", help_text="Back end, version.")
    cutout_confidence = models.FloatField(null=True, help_text="0 to 1.")
    run_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "images"
        indexes = (models.Index(fields=["state"], name="picture_analysis_state"),)

    def __str__(self) -> str:
        return f"{self.picture_id[:12]} {self.state}"
