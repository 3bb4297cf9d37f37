"""The ledger's table: one row per attempt at a model call.

Belongs here: the table as Django owns it. Stays out: how rows are written and found
(``vitrina.llm.ledger_postgres``, over psycopg, because the engine's thread is not Django's).
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from vitrina.llm.control_models import LlmBreaker, LlmBudget, LlmBudgetHold, LlmProcess, LlmStop

__all__ = [
    "LlmAttempt",
    "LlmBatch",
    "LlmBatchItem",
    "LlmBreaker",
    "LlmBudget",
    "LlmBudgetHold",
    "LlmCapability",
    "LlmProcess",
    "LlmStop",
]


class LlmAttempt(models.Model):
    """One attempt: what was asked, what came back, what it cost. Rows are only ever added.

    ``status`` holds a value of :class:`vitrina.llm.outcomes.Outcome`. Money and tokens of every attempt stand here,
    also of those whose answer was thrown away, so that sums over the table are what was paid.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=64, help_text="sha256 of the canonical request, item, sample and try")
    first_key = models.CharField(
        max_length=64,
        null=True,
        blank=True,
        help_text="Key of the request that this one asks again once more: raised try, refusal, broken contract",
    )
    attempt = models.PositiveIntegerField(default=1, help_text="Number of this attempt within its request, from 1")
    kind = models.CharField(max_length=16, default="chat", help_text="chat or embedding")
    purpose = models.CharField(max_length=64, blank=True, default="")
    item_id = models.CharField(max_length=200, blank=True, default="")
    endpoint = models.CharField(max_length=300, blank=True, default="", help_text="Base address without credentials")
    provider = models.CharField(max_length=64, blank=True, default="")
    model = models.CharField(max_length=200)
    status = models.CharField(max_length=16)
    answered = models.BooleanField(default=False, help_text="The model answered: the same request is not sent again")
    ended = models.BooleanField(default=False, help_text="The request ended with this attempt")
    error_class = models.CharField(max_length=100, blank=True, default="")
    error = models.TextField(blank=True, default="")
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    request_id = models.CharField(max_length=200, blank=True, default="", help_text="The provider's id of the call")
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0, db_default=0)
    tokens_estimated = models.BooleanField(default=False, help_text="The server sent no usage; tokens are our estimate")
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    cost_known = models.BooleanField(default=False, help_text="False: cost unknown, which is not zero")
    price_source = models.CharField(max_length=120, blank=True, default="")
    latency_ms = models.PositiveIntegerField(default=0)
    run_id = models.CharField(max_length=100, blank=True, default="")
    drop_key = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    request_body = models.BinaryField(null=True, blank=True, help_text="zstd of the JSON that was sent")
    reply_body = models.BinaryField(null=True, blank=True, help_text="zstd of the body that came back")
    content = models.TextField(null=True, blank=True, help_text="The answer's text")
    holder = models.CharField(max_length=36, blank=True, default="", db_default="", help_text="Process that asked")
    again_at = models.DateTimeField(null=True, blank=True, help_text="When a person asked to have it tried again")
    batch_id = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="The provider's batch that it came with"
    )

    class Meta:
        db_table = "llm_attempt"
        ordering: ClassVar[list[str]] = ["-created_at"]
        verbose_name = "LLM attempt"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["key"], condition=Q(answered=True), name="llm_attempt_answered_key"),
            models.Index(fields=["created_at"], name="llm_attempt_created"),
            models.Index(fields=["purpose", "created_at"], name="llm_attempt_purpose_created"),
            models.Index(fields=["run_id"], condition=~Q(run_id=""), name="llm_attempt_run"),
            models.Index(fields=["created_at"], condition=Q(ended=True) & ~Q(status="ok"), name="llm_attempt_failed"),
            models.Index(fields=["key", "created_at"], condition=Q(ended=True), name="llm_attempt_ended_key"),
            models.Index(
                fields=["first_key", "created_at"],
                condition=Q(ended=True, first_key__isnull=False),
                name="llm_attempt_second_try",
            ),
            # "Was this failure made good since?", asked of every failure: 90 s without it on 100,000 attempts.
            models.Index(
                fields=["purpose", "item_id", "created_at"],
                condition=Q(ended=True, status="ok"),
                name="llm_attempt_good_item",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M:%S} {self.model} {self.status}"


class LlmCapability(models.Model):
    """What an endpoint's model was found to do, and until when that is believed (:mod:`vitrina.llm.ladder`)."""

    endpoint = models.CharField(max_length=300)
    model = models.CharField(max_length=200)
    dialect = models.CharField(max_length=32)
    rung = models.CharField(max_length=16, help_text="Way of asking for JSON by schema that works")
    quirks = models.JSONField(default=list, help_text="Fields that the model refuses")
    reason = models.TextField(blank=True, default="", help_text="How it was found, or why it was lowered")
    probed_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Probed again after it")

    class Meta:
        db_table = "llm_capability"
        verbose_name_plural = "LLM capabilities"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["endpoint", "model"], name="llm_capability_endpoint_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.endpoint}: {self.rung}"


class LlmBatch(models.Model):
    """A file of requests at a provider's batch service. Its row stands before anything is sent."""

    class Status(models.TextChoices):
        """``prepared``: not known to be sent; ``submitted``: the provider has it; ``collected``: answers are here."""

        PREPARED = "prepared"
        SUBMITTED = "submitted"
        COLLECTED = "collected"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.CharField(max_length=300)
    path = models.CharField(max_length=64, help_text="Address of each request, for example /v1/chat/completions")
    model = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PREPARED)
    remote_status = models.CharField(max_length=32, blank=True, default="", help_text="The provider's own word")
    remote_id = models.CharField(max_length=128, blank=True, default="")
    input_file_id = models.CharField(max_length=128, blank=True, default="")
    requests = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    run_id = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "llm_batch"
        ordering: ClassVar[list[str]] = ["-created_at"]
        verbose_name_plural = "LLM batches"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["endpoint"], condition=Q(status__in=["prepared", "submitted"]), name="llm_batch_open"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.model} {self.requests} {self.status}"


class LlmBatchItem(models.Model):
    """A request of a batch. ``key`` is the request key, and the ``custom_id`` on the wire. An ended one has no body."""

    class Status(models.TextChoices):
        """``pending``: no answer yet; ``ended``: its row stands in the ledger; ``unanswered``: to be sent again."""

        PENDING = "pending"
        ENDED = "ended"
        UNANSWERED = "unanswered"

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(LlmBatch, on_delete=models.CASCADE, related_name="items")
    key = models.CharField(max_length=64)
    attempt = models.PositiveIntegerField(default=1)
    purpose = models.CharField(max_length=64, blank=True, default="")
    item_id = models.CharField(max_length=200, blank=True, default="")
    drop_key = models.CharField(max_length=200, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    request_body = models.BinaryField(help_text="zstd of the JSON that is sent")
    held_usd = models.DecimalField(
        max_digits=16, decimal_places=8, null=True, blank=True, help_text="Reserved in its budgets until it ends"
    )
    budgets = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), help_text="Names of these budgets"
    )

    class Meta:
        db_table = "llm_batch_item"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["batch", "key"], name="llm_batch_item_batch_key"),
            # What is under way in one batch cannot be put into another.
            models.UniqueConstraint(fields=["key"], condition=Q(status="pending"), name="llm_batch_item_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.key[:12]} {self.status}"
