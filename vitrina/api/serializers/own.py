"""Shapes of what concerns the caller: who they are, their keys."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vitrina.accounts.tokens import LONGEST_DAYS


class MeShape(serializers.Serializer[Any]):
    """The caller."""

    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    roles = serializers.ListField(child=serializers.CharField())
    decided_today = serializers.IntegerField(help_text="Decisions since midnight, UTC.")
    batches = serializers.ListField(child=serializers.IntegerField(), help_text="Open batches to work on.")


class KeyShape(serializers.Serializer[Any]):
    """A key of the API, without the key."""

    number = serializers.UUIDField()
    name = serializers.CharField()
    created = serializers.DateTimeField()
    expires = serializers.DateTimeField(allow_null=True)
    used_on = serializers.DateField(allow_null=True)


class Keys(serializers.Serializer[Any]):
    """All valid keys of the caller."""

    results = KeyShape(many=True)


class NewKey(serializers.Serializer[Any]):
    """What is wanted."""

    name = serializers.CharField(max_length=60)
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=90)


class MadeKey(KeyShape):
    """A key with its secret, which is shown this once."""

    key = serializers.CharField()
