"""The Django application of the ledger table; nothing else stands here."""

from __future__ import annotations

from django.apps import AppConfig


class LlmConfig(AppConfig):
    """Registers :class:`vitrina.llm.models.LlmAttempt` under the label ``llm``."""

    name = "vitrina.llm"
    label = "llm"
    verbose_name = "LLM ledger"
    default_auto_field = "django.db.models.BigAutoField"
