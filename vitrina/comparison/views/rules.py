"""Guidelines: their versions for everybody who works, and publishing the next one for administrators.

Belongs here: the pages. Markdown is rendered and sanitised (``rendering``). Stays out: which version a batch keeps.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison.rendering import guidelines_html
from vitrina.comparison.views.common import person
from vitrina.desk.asked import plain
from vitrina.review.guidelines import newest_guidelines, publish_guidelines
from vitrina.review.models import GuidelinesVersion

_LONGEST = 60_000


class GuidelinesForm(forms.Form):
    """The next version of a topic."""

    topic = forms.SlugField(
        label=gettext_lazy("Topic"), max_length=60,
        help_text=gettext_lazy("The criterion of a comparison, in Latin letters: sense, style, sales."),
    )  # fmt: skip
    body_ru = forms.CharField(label=gettext_lazy("In Russian"), max_length=_LONGEST, widget=forms.Textarea)
    body_en = forms.CharField(label=gettext_lazy("In English"), max_length=_LONGEST, widget=forms.Textarea)


@opens_for(Access.SIGNED_IN)
@require_GET
def topics(request: HttpRequest) -> HttpResponse:
    """Every topic with its versions, the newest first."""
    found: dict[str, list[GuidelinesVersion]] = {}
    for one in (
        GuidelinesVersion.objects.select_related("author").defer("body_ru", "body_en").order_by("topic", "-number")
    ):
        found.setdefault(one.topic, []).append(one)
    return render(request, "comparison/guidelines.html", {"section": "compare", "topics": list(found.items())})


@opens_for(Access.SIGNED_IN)
@require_GET
def version(request: HttpRequest, version_id: int) -> HttpResponse:
    """One version, whether it still holds or not."""
    one = get_object_or_404(GuidelinesVersion, pk=version_id)
    newest = newest_guidelines(one.topic)
    body = one.body_ru if request.LANGUAGE_CODE == "ru" else one.body_en  # type: ignore[attr-defined]
    context = {"section": "compare", "version": one, "html": guidelines_html(body),
               "newest": newest if newest is not None and newest.pk != one.pk else None}  # fmt: skip
    return render(request, "comparison/guidelines_version.html", context)


@opens_for(Access.ADMIN)
def publish(request: HttpRequest) -> HttpResponse:
    """Write the next version; batches keep the one that they were made with."""
    if request.method != "POST":
        return _form(request, GuidelinesForm(initial=_former(plain(request.GET.get("topic"), 60))))
    form = GuidelinesForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    words = form.cleaned_data
    if request.POST.get("action") == "preview":
        return _form(
            request, form, preview_ru=guidelines_html(words["body_ru"]), preview_en=guidelines_html(words["body_en"])
        )
    made = publish_guidelines(person(request), words["topic"], body_ru=words["body_ru"], body_en=words["body_en"])
    messages.success(request, _("Published: %(topic)s, version %(n)d.") % {"topic": made.topic, "n": made.number})
    return redirect("compare_guidelines_version", version_id=made.pk)


def _former(topic: str) -> dict[str, Any]:
    former = newest_guidelines(topic) if topic else None
    if former is None:
        return {"topic": topic}
    return {"topic": former.topic, "body_ru": former.body_ru, "body_en": former.body_en}


def _form(request: HttpRequest, form: GuidelinesForm, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = {"section": "compare", "form": form} | shown
    return render(request, "comparison/guidelines_publish.html", context, status=status)
