"""Shapes of decisions in lists and exports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vitrina.review.models import Decision, ReviewItem


class DecisionShape(serializers.Serializer[Any]):
    """A decision, under the pseudonym of who made it."""

    decision = serializers.IntegerField()
    item = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ReviewItem.Kind.choices)
    batch = serializers.IntegerField(allow_null=True)
    part = serializers.ChoiceField(choices=ReviewItem.Part.choices)
    pair = serializers.CharField(allow_null=True, help_text="Fingerprint of the pair.")
    product = serializers.IntegerField(allow_null=True)
    action = serializers.CharField()
    choice = serializers.ChoiceField(choices=Decision.Choice.choices, allow_blank=True)
    tie_kind = serializers.CharField(allow_blank=True)
    shown = serializers.CharField(allow_blank=True)
    flip = serializers.BooleanField(allow_null=True)
    reasons = serializers.ListField()
    comment = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_blank=True)
    active_ms = serializers.IntegerField(allow_null=True)
    guidelines = serializers.IntegerField(allow_null=True)
    annotator = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    standing = serializers.BooleanField(help_text="Not superseded, undone or void.")
