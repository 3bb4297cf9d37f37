"""Forms of administrators: a new batch, filling one, voiding votes.

Belongs here: fields, their words and ranges. Stays out: rules, which the services keep.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vitrina.accounts.roles import Role
from vitrina.comparison.pair_files import MOST_BYTES
from vitrina.review.guidelines import MODERATION_TOPIC
from vitrina.review.models import Batch, GuidelinesVersion, ReviewItem

STRATEGIES = (
    (Batch.Strategy.PRIORITY, gettext_lazy("the most urgent first")),
    (Batch.Strategy.COVERAGE, gettext_lazy("fewest votes first")),
    (Batch.Strategy.DISAGREEMENT, gettext_lazy("where people disagree first")),
    (Batch.Strategy.UNCERTAIN, gettext_lazy("where a model is least sure first")),
)
GOLD_ACTIONS = (
    (Batch.GoldAction.FLAG, gettext_lazy("show it to the administrator")),
    (Batch.GoldAction.STOP, gettext_lazy("give the person no more pairs of this batch")),
)
ROLES = (
    (Role.ANNOTATOR.value, gettext_lazy("all annotators")),
    (Role.MODERATOR.value, gettext_lazy("all moderators")),
    ("", gettext_lazy("only the people chosen below")),
)
PARTS = (
    (ReviewItem.Part.WORK, gettext_lazy("work")),
    (ReviewItem.Part.GOLD, gettext_lazy("gold: the answer is known")),
    (ReviewItem.Part.ONBOARDING, gettext_lazy("training: the answer is explained")),
)


def _end_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time(23, 59), UTC) if day is not None else None


class _Guidelines(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return _("%(topic)s, version %(n)d") % {"topic": obj.topic, "n": obj.number}


class _People(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.get_full_name()} · {obj.email}" if obj.get_full_name() else obj.email or obj.username


class BatchForm(forms.Form):
    """A new batch. Shares are typed in percent."""

    name = forms.CharField(label=gettext_lazy("Name of the batch"), max_length=120)
    guidelines = _Guidelines(
        GuidelinesVersion.objects.none(), label=gettext_lazy("Criterion and version of the guidelines")
    )
    question_ru = forms.CharField(label=gettext_lazy("Question in Russian"), max_length=200)
    question_en = forms.CharField(label=gettext_lazy("Question in English"), max_length=200)
    overlap = forms.IntegerField(label=gettext_lazy("Votes a pair"), min_value=1, max_value=50, initial=2)
    extra_votes = forms.IntegerField(
        label=gettext_lazy("Further votes where people disagree"), min_value=0, max_value=20, initial=1
    )
    strategy = forms.ChoiceField(label=gettext_lazy("Order"), choices=STRATEGIES)
    due_at = forms.DateField(
        label=gettext_lazy("Due date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    role = forms.ChoiceField(label=gettext_lazy("Who works on it"), choices=ROLES, required=False,
                             initial=Role.ANNOTATOR.value)  # fmt: skip
    members = _People(User.objects.none(), label=gettext_lazy("People besides"), required=False,
                      widget=forms.CheckboxSelectMultiple)  # fmt: skip
    gold_percent = forms.IntegerField(
        label=gettext_lazy("Share of gold in percent"), min_value=0, max_value=50, initial=5,
        help_text=gettext_lazy("Known pairs among those that are shown; they look like all others."),
    )  # fmt: skip
    gold_floor_percent = forms.IntegerField(
        label=gettext_lazy("Least right answers on gold, in percent"), min_value=0, max_value=100, initial=70
    )
    gold_after = forms.IntegerField(
        label=gettext_lazy("Judged after so many gold answers"), min_value=1, max_value=1000, initial=20
    )
    gold_action = forms.ChoiceField(label=gettext_lazy("Who fails the gold"), choices=GOLD_ACTIONS)
    rationale_percent = forms.IntegerField(
        label=gettext_lazy("Pairs on which reasons are asked for, in percent"), min_value=0, max_value=100, initial=20
    )
    lease_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes for which a pair is held"), min_value=1, max_value=240, initial=10
    )
    known_from = forms.ModelChoiceField(
        Batch.objects.none(), label=gettext_lazy("Training and gold pairs as in"), required=False,
        help_text=gettext_lazy("A batch of the same criterion, whose known pairs are copied."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = GuidelinesVersion.objects.exclude(topic=MODERATION_TOPIC).order_by("topic", "-number")
        self.fields["guidelines"].queryset = versions  # type: ignore[attr-defined]
        self.fields["members"].queryset = User.objects.filter(is_active=True).order_by("email")  # type: ignore[attr-defined]
        self.fields["known_from"].queryset = Batch.objects.order_by("-pk")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Names are free, somebody may work, and known pairs come from the same criterion."""
        words = super().clean() or {}
        if words.get("name") and Batch.objects.filter(name=words["name"].strip()).exists():
            self.add_error("name", _("There is a batch of this name already."))
        if not words.get("role") and not words.get("members"):
            self.add_error("members", _("Choose people, or a role."))
        source, rules = words.get("known_from"), words.get("guidelines")
        if source is not None and rules is not None and source.criterion != rules.topic:
            self.add_error("known_from", _("That batch compares by another criterion."))
        return words

    def settings(self) -> dict[str, Any]:
        """What ``create_batch`` takes besides names, people and guidelines."""
        words = self.cleaned_data
        return {
            "overlap": words["overlap"],
            "extra_votes": words["extra_votes"],
            "strategy": words["strategy"],
            "due_at": _end_of(words["due_at"]),
            "gold_share": words["gold_percent"] / 100,
            "gold_floor": words["gold_floor_percent"] / 100,
            "gold_after": words["gold_after"],
            "gold_action": words["gold_action"],
            "rationale_share": words["rationale_percent"] / 100,
            "lease_seconds": words["lease_minutes"] * 60,
        }


#: Fields of :class:`BatchForm` that may change afterwards.
CHANGEABLE = ("role", "due_at", "lease_minutes", "rationale_percent", "gold_percent", "gold_floor_percent",
              "gold_after", "gold_action")  # fmt: skip


class ChangeForm(BatchForm):
    """What of a batch may be changed while people work; fields as when it was made."""

    def __init__(self, *args: Any, batch: Batch, **kwargs: Any) -> None:
        initial = {
            "role": batch.role, "due_at": batch.due_at.date() if batch.due_at is not None else None,
            "members": list(batch.members.values_list("pk", flat=True)),
            "lease_minutes": max(1, batch.lease_seconds // 60),
            "rationale_percent": round(batch.rationale_share * 100), "gold_percent": round(batch.gold_share * 100),
            "gold_floor_percent": round(batch.gold_floor * 100), "gold_after": batch.gold_after,
            "gold_action": batch.gold_action,
        }  # fmt: skip
        super().__init__(*args, initial=initial, **kwargs)
        for name in set(self.fields) - {*CHANGEABLE, "members"}:
            del self.fields[name]
        role = self.fields["role"]
        if batch.role not in dict(ROLES):
            role.choices = (*ROLES, (batch.role, batch.role))  # type: ignore[attr-defined]

    @property
    def rows(self) -> list[forms.BoundField]:
        """The fields of one line each."""
        return [self[name] for name in CHANGEABLE]

    def settings(self) -> dict[str, Any]:
        """What ``change_batch`` takes besides people: what was changed, so that nothing is rounded by the way."""
        words = self.cleaned_data
        values = {
            "role": ("role", words["role"]), "due_at": ("due_at", _end_of(words["due_at"])),
            "lease_minutes": ("lease_seconds", words["lease_minutes"] * 60),
            "rationale_percent": ("rationale_share", words["rationale_percent"] / 100),
            "gold_percent": ("gold_share", words["gold_percent"] / 100),
            "gold_floor_percent": ("gold_floor", words["gold_floor_percent"] / 100),
            "gold_after": ("gold_after", words["gold_after"]), "gold_action": ("gold_action", words["gold_action"]),
        }  # fmt: skip
        return dict(values[name] for name in self.changed_data if name in values)


class FileForm(forms.Form):
    """Pairs from a file."""

    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("JSON Lines or a JSON array, plain or .gz"),
        widget=forms.ClearableFileInput(attrs={"accept": ".jsonl,.json,.ndjson,.gz"}),
    )  # fmt: skip
    part = forms.ChoiceField(label=gettext_lazy("As"), choices=PARTS)

    def clean_file(self) -> UploadedFile[Any]:
        """Not larger than is read in one request."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size is not None and file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 100 MB: cut it into parts."))
        return file


class ProductsForm(forms.Form):
    """Pairs from texts that products have."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=(("ru", gettext_lazy("Russian")), ("en", gettext_lazy("English")))
    )
    most = forms.IntegerField(label=gettext_lazy("At most"), min_value=1, max_value=20_000, initial=500)


class VoidForm(forms.Form):
    """Taking a person's votes out of the count."""

    batch = forms.ModelChoiceField(
        Batch.objects.none(), label=gettext_lazy("Batch"), required=False, empty_label=gettext_lazy("all batches")
    )
    since = forms.DateField(
        label=gettext_lazy("Votes since"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(label=gettext_lazy("Reason, kept with each vote"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].queryset = Batch.objects.order_by("-pk")  # type: ignore[attr-defined]
