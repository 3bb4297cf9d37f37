"""Shapes of products, their texts, the log, categories and templates."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vitrina.catalog.models import Publication
from vitrina.content.models import DescriptionTemplate, ProcessingLog


class ProductShape(serializers.Serializer[Any]):
    """A product in a list."""

    id = serializers.IntegerField()
    source = serializers.CharField()
    external_id = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    brand = serializers.CharField(allow_null=True, allow_blank=True)
    price = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = serializers.CharField(allow_null=True)
    category = serializers.CharField(allow_null=True, help_text="Slug.")
    category_confidence = serializers.FloatField(allow_null=True)
    state = serializers.ChoiceField(choices=Publication.State.choices, allow_null=True, help_text="In the shop.")
    listed = serializers.BooleanField(help_text="Whether its source still has it.")
    updated_at = serializers.DateTimeField()


class ProductWhole(ProductShape):
    """A product."""

    description = serializers.CharField(allow_null=True, allow_blank=True)
    attributes = serializers.DictField()
    url = serializers.CharField(allow_null=True)
    image_urls = serializers.ListField(child=serializers.CharField())
    published_version = serializers.IntegerField(allow_null=True)
    versions = serializers.IntegerField(help_text="How many texts it has.")


class VersionShape(serializers.Serializer[Any]):
    """A text. Who wrote it is hidden from people who may still compare texts of the product."""

    id = serializers.IntegerField()
    product = serializers.IntegerField()
    number = serializers.IntegerField()
    language = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    body = serializers.CharField(allow_blank=True)
    seo_title = serializers.CharField(allow_blank=True)
    seo_description = serializers.CharField(allow_blank=True)
    keywords = serializers.ListField()
    approved = serializers.BooleanField(allow_null=True)
    created_at = serializers.DateTimeField()
    origin = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True, allow_blank=True)
    prompt_version = serializers.CharField(allow_null=True, allow_blank=True)
    origin_hidden = serializers.BooleanField()


class LogShape(serializers.Serializer[Any]):
    """One processing of one product. What would tell who wrote the text is hidden as a text's origin is."""

    id = serializers.IntegerField()
    product = serializers.IntegerField()
    version = serializers.IntegerField(allow_null=True)
    type = serializers.ChoiceField(choices=ProcessingLog.Type.choices)
    status = serializers.ChoiceField(choices=ProcessingLog.Status.choices)
    model = serializers.CharField(allow_null=True, allow_blank=True)
    prompt_tokens = serializers.IntegerField(allow_null=True)
    completion_tokens = serializers.IntegerField(allow_null=True)
    cost_usd = serializers.DecimalField(max_digits=14, decimal_places=8, allow_null=True)
    processing_time_ms = serializers.IntegerField(allow_null=True)
    error_class = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    origin_hidden = serializers.BooleanField()


class CategoryShape(serializers.Serializer[Any]):
    """A node of the shop's tree."""

    slug = serializers.CharField()
    parent = serializers.CharField(allow_null=True)
    name_ru = serializers.CharField()
    name_tr = serializers.CharField(allow_blank=True)
    name_en = serializers.CharField(allow_blank=True)
    path_ru = serializers.CharField()
    needs_review = serializers.BooleanField()
    is_active = serializers.BooleanField()


class _TemplateFields(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=DescriptionTemplate.Type.choices, default="description")
    category = serializers.CharField(allow_null=True, required=False, max_length=120, help_text="Slug.")
    language = serializers.ChoiceField(choices=["ru", "en"], default="ru")
    content = serializers.CharField(max_length=20_000, help_text="An example of style, never a source of facts.")
    facts = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=1_000), max_length=50), required=False,
        help_text="use, care, size → sentences that are true of the whole category.",
    )  # fmt: skip


class TemplateBody(_TemplateFields):
    """A template as it should be."""


class NewTemplate(_TemplateFields):
    """A template that is new."""

    name = serializers.CharField(max_length=100)


class TemplateShape(serializers.Serializer[Any]):
    """A template of descriptions."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=DescriptionTemplate.Type.choices)
    category = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    content = serializers.CharField()
    facts = serializers.DictField()
    is_active = serializers.BooleanField()
    usage_count = serializers.IntegerField()
    success_rate = serializers.FloatField()


class StatisticsShape(serializers.Serializer[Any]):
    """Figures of the last days."""

    days = serializers.IntegerField()
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="When the figures of processings were made; null: never, and they are null too."
    )
    total = serializers.IntegerField(allow_null=True, help_text="Processings.")
    successful = serializers.IntegerField(allow_null=True)
    failed = serializers.IntegerField(allow_null=True)
    average_confidence = serializers.FloatField(allow_null=True, help_text="Of categories, 0 to 1; null: none.")
    total_cost_usd = serializers.DecimalField(max_digits=20, decimal_places=8, allow_null=True)
    unknown_costs = serializers.IntegerField(allow_null=True, help_text="Processings whose cost is unknown.")
    average_time_ms = serializers.FloatField(allow_null=True)
    by_status = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    decisions = serializers.DictField(child=serializers.IntegerField(), help_text="Standing ones, by action.")
    open_items = serializers.DictField(child=serializers.IntegerField(), help_text="By kind, at this moment.")


class ProcessBody(serializers.Serializer[Any]):
    """What is to be done with a product, and how."""

    pictures = serializers.BooleanField(default=False)
    categorise = serializers.BooleanField(default=True)
    describe = serializers.BooleanField(default=True)
    refresh = serializers.BooleanField(default=False, help_text="Also what stands with the same inputs.")
    force = serializers.BooleanField(default=False, help_text="Another text than all before it.")
    template = serializers.CharField(default="", allow_blank=True, max_length=100, help_text="Its name.")


class Asked(serializers.Serializer[Any]):
    """The run that was asked for."""

    run = serializers.CharField(help_text="/runs/{run} says how far it is.")


class _Line(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    text = serializers.CharField(allow_blank=True)
    bad = serializers.BooleanField()


class RunShape(serializers.Serializer[Any]):
    """A run as a person follows it."""

    run = serializers.CharField()
    status = serializers.CharField(help_text="QUEUED, STARTED, SUCCESS, FAILURE, …")
    job = serializers.CharField()
    going_on = serializers.BooleanField()
    started = serializers.DateTimeField(allow_null=True)
    ended = serializers.DateTimeField(allow_null=True)
    lines = _Line(many=True)
