"""Tables of content: templates, immutable versions, verdicts, the processing log.

A version never changes once written. Machine versions and people's versions are different rows, so no pipeline can
overwrite a person's words.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now


class DescriptionTemplate(models.Model):
    """An example or fact sheet for few-shot prompts (CAT-9)."""

    class Type(models.TextChoices):
        DESCRIPTION = "description", "Description"
        CATEGORY_EXAMPLE = "category_example", "Category example"
        ATTRIBUTE_EXTRACTION = "attribute_extraction", "Attribute extraction"
        IMAGE_PROMPT = "image_prompt", "Image prompt"

    name = models.CharField(max_length=100, unique=True)
    template_type = models.CharField(max_length=20, choices=Type, default=Type.DESCRIPTION)
    category = models.ForeignKey("categories.Category", on_delete=models.CASCADE, null=True, blank=True)
    language = models.CharField(max_length=10, default="ru")
    content = models.TextField(help_text="Example text: style only, never a source of facts.")
    facts = models.JSONField(default=dict, help_text="use, care, size: sentences that are true of the whole category.")
    is_active = models.BooleanField(default=True)
    usage_count = models.PositiveIntegerField(default=0)
    success_rate = models.FloatField(default=0.0, help_text="Share of texts made with it that moderation let pass.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class ContentVersion(models.Model):
    """One text for one product, immutable. ``number`` counts from 1 within a product and language."""

    class Origin(models.TextChoices):
        OFFLINE = "offline", "Offline writer"
        LLM = "llm", "Language model"
        PERSON = "person", "Person"

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    language = models.CharField(max_length=5, default="ru")
    origin = models.CharField(max_length=10, choices=Origin)
    title = models.CharField(max_length=300)
    body = models.TextField(help_text="Sanitised HTML.")
    content = models.JSONField(default=dict, help_text="The whole validated answer.")
    seo_title = models.CharField(max_length=100, blank=True)
    seo_description = models.CharField(max_length=200, blank=True)
    keywords = models.JSONField(default=list)
    facts = models.JSONField(default=dict, help_text="What it was made from.")
    input_hash = models.CharField(max_length=64, help_text="Of the facts alone.")
    fingerprint = models.CharField(max_length=64, help_text="Of facts, prompt version, templates and model.")
    text_hash = models.CharField(max_length=64)
    grounding = models.JSONField(default=dict)
    violations = models.JSONField(default=list)
    model = models.CharField(max_length=200, blank=True)
    prompt_version = models.CharField(max_length=100, blank=True)
    templates = models.JSONField(default=list, help_text="Names of the templates shown.")
    request_keys = models.JSONField(default=list, help_text="Ledger keys of the calls that made it.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    drop = models.ForeignKey("catalog.Drop", on_delete=models.SET_NULL, null=True)
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["product", "number"], name="version_number"),)
        indexes = (models.Index(fields=["input_hash"]), models.Index(fields=["text_hash"]))

    def __str__(self) -> str:
        return f"{self.product_id} v{self.number}"


class TextSignature(models.Model):
    """MinHash bands of a product's newest text: near-duplicates share one. Made from the text, never by hand."""

    product = models.OneToOneField("catalog.Product", on_delete=models.CASCADE, primary_key=True, related_name="+")
    version = models.ForeignKey(ContentVersion, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField(help_text="Of the version.")
    bands = ArrayField(models.BigIntegerField())

    class Meta:
        # Without fastupdate: a list of pending entries is gone through at every search (14 ms instead of 0.1).
        indexes = (GinIndex(fields=["bands"], name="text_signature_bands", fastupdate=False),)

    def __str__(self) -> str:
        return f"{self.product_id} v{self.number}"


class Verdict(models.Model):
    """What the moderation rules say of a version under today's rules, category and price."""

    version = models.OneToOneField(ContentVersion, on_delete=models.CASCADE, related_name="verdict")
    approved = models.BooleanField()
    decided_by = models.CharField(max_length=10, default="rules", help_text="rules or person")
    priority = models.PositiveSmallIntegerField(default=3)
    reasons = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64, help_text="Of everything that the rules looked at.")
    run_id = models.CharField(max_length=64, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.version_id}: {'approved' if self.approved else 'review'}"


class ProcessingLog(models.Model):
    """One processing of one product (CAT-8): what went in, what came out, what it cost, what a person said."""

    class Type(models.TextChoices):
        DESCRIPTION_ONLY = "description_only", "Description only"
        CATEGORIZATION_ONLY = "categorization_only", "Categorisation only"
        FULL = "full", "Full"
        IMAGE_ANALYSIS = "image_analysis", "Image analysis"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSING = "processing", "Processing"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        MODERATION = "moderation", "In moderation"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="log")
    version = models.ForeignKey(ContentVersion, on_delete=models.SET_NULL, null=True, related_name="log")
    processing_type = models.CharField(max_length=20, choices=Type)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    input_data = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    extracted_attributes = models.JSONField(default=dict)
    model = models.CharField(max_length=200, blank=True)
    prompt_tokens = models.IntegerField(default=0)
    completion_tokens = models.IntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True, help_text="Null: unknown.")
    processing_time_ms = models.IntegerField(default=0)
    request_keys = models.JSONField(default=list, help_text="Ledger keys: the raw answers are there.")
    error_class = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    stack_trace = models.TextField(blank=True)
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    notes = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=1)
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["status", "created_at"]),
            models.Index(fields=["product", "created_at"]),
        )

    def __str__(self) -> str:
        return f"{self.product_id} {self.processing_type}: {self.status}"
