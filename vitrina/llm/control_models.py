"""Tables by which processes keep their limits together: who lives, breakers, stops, budgets.

Belongs here: the tables as Django owns them. Stays out: the ledger (``vitrina.llm.models``), and how rows are written
and read (``vitrina.llm.board``, ``vitrina.llm.purses``: over psycopg, since the gateway's threads are not Django's).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class LlmProcess(models.Model):
    """A process that holds slots or money. Its locks live in one connection; a stale heartbeat ends that connection."""

    holder = models.CharField(primary_key=True, max_length=36)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    backend_pid = models.PositiveIntegerField(help_text="The connection that holds its advisory locks")
    backend_start = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        db_table = "llm_process"
        verbose_name = "LLM client process"

    def __str__(self) -> str:
        return f"{self.host}/{self.pid}"


class LlmBreaker(models.Model):
    """A circuit breaker of one model at one endpoint, as the last process that changed it left it."""

    endpoint = models.CharField(max_length=300)
    model = models.CharField(max_length=200)
    state = models.CharField(max_length=16, help_text="closed, open or half_open")
    reason = models.TextField(blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    samples = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True, help_text="When the next probe may go out")
    version = models.BigIntegerField(default=1)
    changed_by = models.CharField(max_length=36, blank=True, default="")
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "llm_breaker"
        verbose_name = "LLM circuit breaker"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["endpoint", "model"], name="llm_breaker_endpoint_model")
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.model} {self.state}"


class LlmStop(models.Model):
    """An operator's word that nothing more is sent. ``scope`` is empty for all, or ``run:…``, ``purpose:…``,
    ``endpoint:…``, ``model:…``."""

    scope = models.CharField(primary_key=True, max_length=400)
    reason = models.TextField(blank=True, default="")
    stopped_by = models.CharField(max_length=200, blank=True, default="")
    stopped_at = models.DateTimeField()

    class Meta:
        db_table = "llm_stop"
        verbose_name = "LLM stop"

    def __str__(self) -> str:
        return self.scope or "everything"


class LlmBudget(models.Model):
    """A named limit: ``run:…``, ``day:2026-01-31``, ``purpose:…:2026-01-31``, or a name that a pipeline chose.

    ``used_usd + reserved_usd`` never grows past ``limit_usd``: one statement checks and adds. Reserved is what
    processes hold in blocks (:class:`LlmBudgetHold`) and have not yet booked as used.
    """

    name = models.CharField(primary_key=True, max_length=200)
    limit_usd = models.DecimalField(max_digits=16, decimal_places=8)
    used_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    reserved_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "llm_budget"
        verbose_name = "LLM budget"

    def __str__(self) -> str:
        return f"{self.name}: {self.used_usd} + {self.reserved_usd} of {self.limit_usd}"


class LlmBudgetHold(models.Model):
    """A block of a budget in the hands of one process. What a dead process holds is given back against the ledger."""

    budget = models.CharField(max_length=200)
    holder = models.CharField(max_length=36)
    amount_usd = models.DecimalField(max_digits=16, decimal_places=8, help_text="Reserved and not yet booked")
    at_risk_usd = models.DecimalField(
        max_digits=16, decimal_places=8, help_text="What calls in flight may cost that no row tells of after a kill"
    )
    booked_usd = models.DecimalField(
        max_digits=16, decimal_places=8, default=0, help_text="What of this process's spending is booked as used"
    )

    class Meta:
        db_table = "llm_budget_hold"
        verbose_name = "LLM budget hold"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["budget", "holder"], name="llm_budget_hold_budget_holder")
        ]

    def __str__(self) -> str:
        return f"{self.budget} {self.holder}: {self.amount_usd}"
