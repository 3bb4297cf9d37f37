"""Tables of the API: the pace of its callers."""

from __future__ import annotations

from django.db import models


class Pace(models.Model):
    """When a caller's credit is whole again. Unlogged: after a crash of the server everybody begins afresh."""

    key = models.CharField(max_length=60, primary_key=True, help_text="Class and person.")
    whole_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} until {self.whole_at:%H:%M:%S}"
