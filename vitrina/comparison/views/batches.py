"""Batches, for administrators: the list, a new one, one of them with its states and its export.

Belongs here: forms and pages. Stays out: filling and known pairs (``filling``), people (``people``).
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison import exporting
from vitrina.comparison.candidates import comparable
from vitrina.comparison.forms import BatchForm, ChangeForm, FileForm, ProductsForm
from vitrina.comparison.views.common import BatchRow, overdue, percent_done, person
from vitrina.desk.posted import posts_from
from vitrina.desk.refusals import refusal_words
from vitrina.review import gold
from vitrina.review.batches import change_batch, copy_known, create_batch, set_state
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Batch, GuidelinesVersion, ReviewItem
from vitrina.review.standing import progress

_LISTED = 50


@opens_for(Access.ADMIN)
@require_GET
def batches(request: HttpRequest) -> HttpResponse:
    """Every batch, the newest first."""
    known = Batch.objects.select_related("guidelines").annotate(
        gold=Count("items", filter=Q(items__part=ReviewItem.Part.GOLD)),
        onboarding=Count("items", filter=Q(items__part=ReviewItem.Part.ONBOARDING)),
    )
    shown = Paginator(known.order_by("-pk"), _LISTED).get_page(request.GET.get("page"))
    context = {"section": "compare", "rows": [_row(batch) for batch in shown], "shown": shown}
    return render(request, "comparison/batches.html", context)


@opens_for(Access.ADMIN)
def new(request: HttpRequest) -> HttpResponse:
    """Make a batch, open and without pairs."""
    if request.method != "POST":
        return _new(request, BatchForm())
    form = BatchForm(request.POST)
    if not form.is_valid():
        return _new(request, form, status=422)
    words = form.cleaned_data
    try:
        batch = create_batch(
            person(request), name=words["name"], question_ru=words["question_ru"], question_en=words["question_en"],
            guidelines=words["guidelines"], members=words["members"], role=words["role"], **form.settings(),
        )  # fmt: skip
    except NotDecidable as error:
        form.add_error(None, refusal_words(error))
        return _new(request, form, status=422)
    if words["known_from"] is not None:
        for part in (ReviewItem.Part.ONBOARDING, ReviewItem.Part.GOLD):
            copy_known(person(request), words["known_from"], batch, part)
    messages.success(request, _("The batch stands. Add pairs now."))
    return redirect("compare_batch", batch_id=batch.pk)


@opens_for(Access.ADMIN)
@require_GET
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One batch: how far it is, what can be done with it."""
    found = _found(batch_id)
    filled = request.session.pop(f"filled-{found.pk}", None)
    return render(request, "comparison/batch.html", batch_context(found) | {"filled": filled})


@opens_for(Access.ADMIN)
@posts_from("compare_batch", "batch_id")
def state(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Pause, open again, or close for good."""
    wanted = request.POST.get("state", "")
    said = {"open": _("The batch is open."), "paused": _("The batch is paused."), "closed": _("The batch is closed.")}
    try:
        set_state(person(request), _found(batch_id), wanted)
        messages.success(request, said[wanted])
    except NotDecidable:
        messages.error(request, _("That cannot be done: a closed batch stays closed."))
    return redirect("compare_batch", batch_id=batch_id)


@opens_for(Access.ADMIN)
@posts_from("compare_batch", "batch_id")
def change(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Other people, another date, other shares; what people answered stays."""
    found = _found(batch_id)
    form = ChangeForm(request.POST, batch=found)
    if form.is_valid():
        try:
            change_batch(person(request), found, members=form.cleaned_data["members"], **form.settings())
        except NotDecidable:
            messages.error(request, _("That cannot be done: a closed batch stays as it is."))
        else:
            messages.success(request, _("Changed. Who works on it gets the next pair by it."))
        return redirect("compare_batch", batch_id=found.pk)
    return render(request, "comparison/batch.html", batch_context(found) | {"change_form": form}, status=422)


@opens_for(Access.ADMIN)
@require_GET
def export(request: HttpRequest, batch_id: int) -> StreamingHttpResponse:
    """The standing votes as a file, under pseudonyms: ``?format=csv`` or ``jsonl``."""
    found = _found(batch_id)
    as_csv = request.GET.get("format") == "csv"
    body = exporting.as_csv(found) if as_csv else exporting.as_jsonl(found)
    kind, ending = ("text/csv; charset=utf-8", "csv") if as_csv else ("application/x-ndjson", "jsonl")
    response = StreamingHttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="comparisons-{found.pk}.{ending}"'
    return response


def batch_context(found: Batch) -> dict[str, Any]:
    """What the page of a batch shows; forms that were refused replace theirs."""
    counts = dict(found.items.values_list("part").annotate(n=Count("pk")).order_by())
    return {
        "section": "compare", "row": _row(found), "batch": found, "counts": counts,
        "failing": len(gold.failing(found)), "file_form": FileForm(), "products_form": ProductsForm(),
        "change_form": ChangeForm(batch=found), "comparable": comparable(), "members": found.members.order_by("email"),
    }  # fmt: skip


def _row(batch: Batch) -> BatchRow:
    state = progress(batch)
    known = {"gold": getattr(batch, "gold", 0), "onboarding": getattr(batch, "onboarding", 0)}
    return BatchRow(batch, state, percent_done(state), overdue(batch), known)


def _new(request: HttpRequest, form: BatchForm, *, status: int = 200) -> HttpResponse:
    context = {"section": "compare", "form": form, "has_guidelines": GuidelinesVersion.objects.exists()}
    return render(request, "comparison/batch_new.html", context, status=status)


def _found(batch_id: int) -> Batch:
    return get_object_or_404(Batch.objects.select_related("guidelines", "created_by"), pk=batch_id)
