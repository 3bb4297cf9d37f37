"""The queue of requests to take a background off (TOOL-1).

Belongs here: one row a request. Stays out: who works it (``queue``), how (``remove``).
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now


class BackgroundRequest(models.Model):
    """One picture whose background is to go: queued, then processing, then completed or failed."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        PROCESSING = "processing", "Processing"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_default=State.QUEUED)
    name = models.CharField(max_length=200, blank=True, default="", db_default="", help_text="Of the file, as given.")
    sha256 = models.CharField(max_length=64, help_text="Of the bytes as they came.")
    source_key = models.CharField(max_length=300, help_text="Where they lie in the object store.")
    backend = models.CharField(max_length=20, default="auto", db_default="auto", help_text="auto, grabcut or rembg.")
    result_key = models.CharField(max_length=300, blank=True, default="", db_default="", help_text="PNG with alpha.")
    used = models.CharField(max_length=40, blank=True, default="", db_default="", help_text="Back end and version.")
    confidence = models.FloatField(null=True, help_text="0 to 1; low: look at it before use.")
    message = models.TextField(blank=True, default="", db_default="", help_text="Why it failed, or is doubtful.")
    attempts = models.SmallIntegerField(default=0, db_default=0)
    not_before = models.DateTimeField(db_default=Now(), help_text="A request that is tried again waits so long.")
    claim = models.UUIDField(null=True, help_text="Of the worker that has it.")
    leased_until = models.DateTimeField(null=True, help_text="Past it another worker takes the request over.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "images"
        indexes = (
            models.Index(
                fields=["not_before"],
                condition=models.Q(state__in=["queued", "processing"]),
                name="background_to_do",
            ),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
