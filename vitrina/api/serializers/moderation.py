"""Shapes of moderators' lists and of deciding many at once."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vitrina.review.models import ReviewItem

_BIG = 2**31 - 1


class ItemShape(serializers.Serializer[Any]):
    """An item of the queue."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ReviewItem.Kind.choices)
    state = serializers.ChoiceField(choices=ReviewItem.State.choices)
    priority = serializers.IntegerField(help_text="1 is the most urgent.")
    product = serializers.IntegerField(allow_null=True)
    batch = serializers.IntegerField(allow_null=True)
    part = serializers.ChoiceField(choices=ReviewItem.Part.choices)
    need = serializers.IntegerField()
    done = serializers.IntegerField()
    held = serializers.IntegerField()
    reasons = serializers.ListField()
    assignee = serializers.CharField(allow_null=True)
    held_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolution = serializers.CharField(allow_blank=True)


class _Seen(serializers.Serializer[Any]):
    item = serializers.IntegerField(min_value=1, max_value=_BIG)
    seen_version = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=_BIG)


class Many(serializers.Serializer[Any]):
    """Cases to decide alike."""

    items = _Seen(many=True, allow_empty=False, max_length=200)
    action = serializers.ChoiceField(choices=["approve", "reject", "reprocess"])
    reasons = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=20)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class ManyDone(serializers.Serializer[Any]):
    """What was decided, and why the rest was not."""

    decided = serializers.ListField(child=serializers.IntegerField(), help_text="Items.")
    failed = serializers.DictField(child=serializers.CharField(), help_text="Item → why it was left as it is.")


class AssignBody(serializers.Serializer[Any]):
    """Cases for a moderator, or for nobody in particular."""

    items = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=_BIG), max_length=200)
    to = serializers.CharField(allow_null=True, max_length=254, help_text="`me`, an e-mail address, or null.")


class Assigned(serializers.Serializer[Any]):
    """How many were assigned; closed ones are left."""

    assigned = serializers.IntegerField()


class FlagShape(serializers.Serializer[Any]):
    """A flag that waits for a moderator."""

    item = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ReviewItem.Kind.choices)
    batch = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class FlagAnswer(serializers.Serializer[Any]):
    """Open it again for others, or withdraw it for good."""

    reopen = serializers.BooleanField()
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
