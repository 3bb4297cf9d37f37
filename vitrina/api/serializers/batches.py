"""Shapes of batches, guidelines and imported pairs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vitrina.review.models import Batch, GuidelinesVersion

_ID = {"min_value": 1, "max_value": 2**31}


class BatchFigures(serializers.ModelSerializer[Batch]):
    """How a batch is made up: for administrators, since it says what gold there is."""

    class Meta:
        model = Batch
        fields = (
            "overlap", "extra_votes", "gold_share", "gold_floor", "gold_after", "gold_action", "rationale_share",
            "strategy", "lease_seconds", "role", "members", "created_at", "closed_at",
        )  # fmt: skip


class BatchShape(serializers.ModelSerializer[Batch]):
    """A batch."""

    figures = BatchFigures(source="*", required=False, help_text="For administrators only.")

    class Meta:
        model = Batch
        fields = ("id", "name", "criterion", "question_ru", "question_en", "guidelines", "state", "due_at", "figures")


class NewBatch(serializers.Serializer[Any]):
    """A batch that is wanted; figures have the desk's defaults."""

    name = serializers.CharField(max_length=120)
    question_ru = serializers.CharField(max_length=200)
    question_en = serializers.CharField(max_length=200)
    topic = serializers.SlugField(max_length=60, help_text="The criterion: a topic with published guidelines.")
    overlap = serializers.IntegerField(min_value=1, max_value=50, required=False)
    extra_votes = serializers.IntegerField(min_value=0, max_value=20, required=False)
    gold_share = serializers.FloatField(min_value=0, max_value=0.5, required=False)
    gold_floor = serializers.FloatField(min_value=0, max_value=1, required=False)
    gold_after = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    gold_action = serializers.ChoiceField(choices=Batch.GoldAction.choices, required=False)
    rationale_share = serializers.FloatField(min_value=0, max_value=1, required=False)
    strategy = serializers.ChoiceField(choices=Batch.Strategy.choices, required=False)
    lease_seconds = serializers.IntegerField(min_value=30, max_value=86_400, required=False)
    role = serializers.ChoiceField(choices=["", "annotator", "moderator", "admin"], required=False)
    members = serializers.ListField(
        child=serializers.EmailField(), required=False, max_length=500, help_text="People besides those of the role."
    )
    due_at = serializers.DateTimeField(required=False, allow_null=True)


class BatchChange(serializers.Serializer[Any]):
    """Pause, open again, close for good; or other people and shares. What is left out stays."""

    state = serializers.ChoiceField(choices=Batch.State.choices, required=False)
    role = serializers.ChoiceField(choices=["", "annotator", "moderator", "admin"], required=False)
    members = serializers.ListField(
        child=serializers.EmailField(), required=False, max_length=500,
        help_text="All people besides those of the role: who is not named leaves.",
    )  # fmt: skip
    due_at = serializers.DateTimeField(required=False, allow_null=True)
    gold_share = serializers.FloatField(min_value=0, max_value=0.5, required=False)
    gold_floor = serializers.FloatField(min_value=0, max_value=1, required=False)
    gold_after = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    gold_action = serializers.ChoiceField(choices=Batch.GoldAction.choices, required=False)
    rationale_share = serializers.FloatField(min_value=0, max_value=1, required=False)
    lease_seconds = serializers.IntegerField(min_value=30, max_value=86_400, required=False)


class ProgressShape(serializers.Serializer[Any]):
    """Where a batch stands; gold and onboarding do not count."""

    pairs = serializers.IntegerField()
    done = serializers.IntegerField()
    left = serializers.IntegerField()
    flagged = serializers.IntegerField()
    votes = serializers.IntegerField(help_text="Standing votes.")
    wanted = serializers.IntegerField(help_text="Votes that the pairs need.")
    held = serializers.IntegerField()
    disputed = serializers.IntegerField()
    annotators = serializers.IntegerField()


class GuidelinesShape(serializers.ModelSerializer[GuidelinesVersion]):
    """One version of the rules, in markdown."""

    class Meta:
        model = GuidelinesVersion
        fields = ("id", "topic", "number", "body_ru", "body_en", "created_at")


class NewGuidelines(serializers.Serializer[Any]):
    """The next version of a topic's rules."""

    topic = serializers.SlugField(max_length=60)
    body_ru = serializers.CharField(max_length=100_000)
    body_en = serializers.CharField(max_length=100_000)


class VoidBody(serializers.Serializer[Any]):
    """Whose votes are not to count, and why."""

    annotator = serializers.CharField(max_length=254, help_text="Pseudonym or e-mail address.")
    reason = serializers.CharField(max_length=1_000)


class Voided(serializers.Serializer[Any]):
    """How many votes were voided."""

    voided = serializers.IntegerField()


class GoldRow(serializers.Serializer[Any]):
    """How a person answers gold who fails it."""

    annotator = serializers.CharField()
    answered = serializers.IntegerField()
    right = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


class GoldRows(serializers.Serializer[Any]):
    """Who fails the gold of a batch."""

    results = GoldRow(many=True)


class Imported(serializers.Serializer[Any]):
    """What became of an import. It may be sent again: what stands is `repeated`."""

    added = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.DictField(child=serializers.IntegerField(), help_text="Reason → rows that were left out.")
