"""Shapes of work on the queue: items, answers, one's own decisions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vitrina.review.comparing import SIDES
from vitrina.review.judgement import ACTIONS, EDIT_FIELDS

KINDS = ("text", "price", "list")


class NextQuery(serializers.Serializer[Any]):
    """What kind of item is wanted."""

    batch = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31, help_text="Pairs of this batch; without it: cases."
    )
    kind = serializers.MultipleChoiceField(choices=KINDS, required=False, help_text="Cases of these kinds only.")
    ahead = serializers.BooleanField(default=False, help_text="Fetch one ahead while another is on the screen.")
    assigned = serializers.BooleanField(default=False, help_text="Cases assigned to the caller only.")


class PairItem(serializers.Serializer[Any]):
    """A pair, blind: nothing says who wrote which text, or which of them the table calls A."""

    type = serializers.ChoiceField(choices=["pair"])
    token = serializers.UUIDField(help_text="Send the answer under it.")
    until = serializers.DateTimeField(help_text="The item is the caller's until then; a beat extends it.")
    question = serializers.DictField(child=serializers.CharField(), help_text="Language → what is asked.")
    facts = serializers.DictField(help_text="Label → value: what is known of the product.")
    prompt = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    left = serializers.CharField()
    right = serializers.CharField()
    rationale = serializers.BooleanField(help_text="Whether reasons are asked for.")
    onboarding = serializers.BooleanField(help_text="Whether the answer is explained.")
    guidelines = serializers.IntegerField(help_text="The version to work by: /guidelines/{id}.")


class CaseText(serializers.Serializer[Any]):
    """The text of a case."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    language = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    body = serializers.CharField(allow_blank=True, help_text="Sanitised HTML.")
    seo_title = serializers.CharField(allow_blank=True)
    seo_description = serializers.CharField(allow_blank=True)
    keywords = serializers.ListField(child=serializers.CharField(allow_blank=True))
    findings = serializers.ListField(child=serializers.DictField(), help_text="What the inputs do not support.")


class CaseProduct(serializers.Serializer[Any]):
    """The product of a case, as its source gives it."""

    id = serializers.IntegerField()
    source = serializers.CharField()
    external_id = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    brand = serializers.CharField(allow_blank=True, allow_null=True)
    price = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = serializers.CharField(allow_null=True)
    attributes = serializers.DictField()


class CaseItem(serializers.Serializer[Any]):
    """A case of moderation."""

    type = serializers.ChoiceField(choices=["case"])
    token = serializers.UUIDField(help_text="Send the decision under it.")
    until = serializers.DateTimeField()
    item = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=KINDS)
    priority = serializers.IntegerField()
    reasons = serializers.ListField(help_text="Why a person is asked.")
    details = serializers.DictField(
        help_text="Where the case settles what two people decided differently, `looks`: what each of them said."
    )
    product = CaseProduct(allow_null=True)
    text = CaseText(allow_null=True)
    seen_version = serializers.IntegerField(allow_null=True, help_text="Send it back: a newer text is a conflict.")
    created_at = serializers.DateTimeField()


class EditedText(serializers.Serializer[Any]):
    """A text as a person rewrote it."""

    title = serializers.CharField(max_length=300)
    body = serializers.CharField(max_length=50_000, help_text="HTML; sanitised before it is published.")
    seo_title = serializers.CharField(max_length=100, required=False, allow_blank=True)
    seo_description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    keywords = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=50)


assert set(EditedText().fields) == set(EDIT_FIELDS)  # noqa: S101 - one list of fields


class _Said(serializers.Serializer[Any]):
    reasons = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=20, help_text="Codes of reasons."
    )
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class Answer(_Said):
    """``side`` answers a pair, ``action`` a case."""

    side = serializers.ChoiceField(choices=SIDES, required=False, help_text="Which text is better, as shown.")
    tie_kind = serializers.ChoiceField(choices=["", "both_bad"], required=False, help_text="Of ties only.")
    action = serializers.ChoiceField(choices=ACTIONS, required=False)
    seen_version = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**31 - 1)
    category = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Corrected, by slug.")
    edit = EditedText(required=False, help_text="With `action: edit`.")
    active_ms = serializers.IntegerField(
        required=False, min_value=0, max_value=86_400_000, help_text="Milliseconds with the item in view."
    )
    next = serializers.BooleanField(default=False, help_text="Give the next item in the same answer.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both, and what belongs to it."""
        if ("side" in attrs) == ("action" in attrs):
            raise serializers.ValidationError("Send either `side` (of a pair) or `action` (of a case).")
        if attrs.get("action") == "edit" and "edit" not in attrs:
            raise serializers.ValidationError({"edit": "An edit needs its text."})
        return attrs


class FeedbackShape(serializers.Serializer[Any]):
    """What an onboarding pair teaches."""

    right = serializers.BooleanField()
    expected = serializers.ChoiceField(choices=SIDES)
    explanation = serializers.CharField(allow_blank=True)


class NothingShape(serializers.Serializer[Any]):
    """Why there is no item now."""

    reason = serializers.ChoiceField(choices=["done", "all-held", "paused", "stopped"])
    retry_after = serializers.IntegerField(allow_null=True, help_text="Seconds.")


class DecidedShape(serializers.Serializer[Any]):
    """A decision as it stands, and what comes next."""

    decision = serializers.IntegerField()
    repeated = serializers.BooleanField(help_text="The same answer under this token stood already.")
    feedback = FeedbackShape(allow_null=True)
    next = serializers.DictField(allow_null=True, help_text="A PairItem or CaseItem, where it was asked for.")
    nothing = NothingShape(allow_null=True, help_text="Why `next` is empty, where it was asked for.")


class Until(serializers.Serializer[Any]):
    """Until when the item is the caller's."""

    until = serializers.DateTimeField()


class SkipBody(serializers.Serializer[Any]):
    """Why the item is left to others."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=40)


class FlagBody(serializers.Serializer[Any]):
    """Why nobody should get the item."""

    reason = serializers.CharField(max_length=40)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class UndoneShape(serializers.Serializer[Any]):
    """The item again, as it was shown; ``null`` where it cannot be decided any more."""

    item = serializers.DictField(allow_null=True, help_text="A PairItem or CaseItem.")


class OwnDecision(serializers.Serializer[Any]):
    """One of the caller's own decisions, with sides as they were shown."""

    decision = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=["pair", *KINDS])
    side = serializers.ChoiceField(choices=SIDES, required=False)
    tie_kind = serializers.CharField(required=False, allow_blank=True)
    left = serializers.CharField(required=False)
    right = serializers.CharField(required=False)
    action = serializers.CharField(required=False)
    title = serializers.CharField(required=False, allow_blank=True)
    reasons = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField(allow_blank=True)
    can_undo = serializers.BooleanField(help_text="Within a minute, and the last one.")


class OwnDecisions(serializers.Serializer[Any]):
    """The last twenty, the newest first."""

    results = OwnDecision(many=True)


class Revision(_Said):
    """Another answer in place of a former one."""

    side = serializers.ChoiceField(choices=SIDES, required=False)
    tie_kind = serializers.ChoiceField(choices=["", "both_bad"], required=False)
    action = serializers.ChoiceField(choices=ACTIONS, required=False)
    category = serializers.CharField(required=False, allow_blank=True, max_length=200)
    edit = EditedText(required=False)

    validate = Answer.validate
