"""Filling a batch, for administrators: pairs from files and from products, and pairs whose answer is known.

Belongs here: forms and pages. Stays out: reading files (``pair_files``), choosing versions (``candidates``), rules
(``vitrina.review.batches``, ``gold``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison import screen
from vitrina.comparison.candidates import drafts_from_products
from vitrina.comparison.facts import facts_of
from vitrina.comparison.forms import FileForm, ProductsForm
from vitrina.comparison.pair_files import Problem, read_drafts
from vitrina.comparison.rendering import text_html
from vitrina.comparison.views.batches import batch_context
from vitrina.comparison.views.common import person
from vitrina.desk.asked import plain
from vitrina.desk.posted import posts_from
from vitrina.errors import PermanentError
from vitrina.preferences.formats.lines import MAX_FILE_BYTES
from vitrina.review import gold
from vitrina.review.batches import Filled, add_pairs
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.models import Batch, ReviewItem
from vitrina.review.results import PairDraft

_PAGE = 10
_PROBLEMS_SHOWN = 20
PARTS = (ReviewItem.Part.WORK, ReviewItem.Part.GOLD, ReviewItem.Part.ONBOARDING)


@opens_for(Access.ADMIN)
@posts_from("compare_batch", "batch_id")
def from_file(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Add the pairs of a file; what cannot be used is told with its line."""
    batch = get_object_or_404(Batch, pk=batch_id)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        context = batch_context(batch) | {"file_form": form}
        return render(request, "comparison/batch.html", context, status=422)
    part = form.cleaned_data["part"]
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory() as folder:
        path = _kept(form.cleaned_data["file"], Path(folder))
        drafts = read_drafts(path, known=part != ReviewItem.Part.WORK, explained=part == ReviewItem.Part.ONBOARDING)
        return _fill(request, batch, _usable(drafts, problems), part, problems)


@opens_for(Access.ADMIN)
@posts_from("compare_batch", "batch_id")
def from_products(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Add a pair for each product with two different texts."""
    batch = get_object_or_404(Batch, pk=batch_id)
    form = ProductsForm(request.POST)
    if not form.is_valid():
        context = batch_context(batch) | {"products_form": form}
        return render(request, "comparison/batch.html", context, status=422)
    words = form.cleaned_data
    drafts = drafts_from_products(batch, words["language"], most=words["most"])
    return _fill(request, batch, drafts, ReviewItem.Part.WORK, [])


@opens_for(Access.ADMIN)
@require_GET
def pairs(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Pairs of a batch: work that nobody answered, of which gold can be made, and those whose answer is known."""
    batch = get_object_or_404(Batch, pk=batch_id)
    wanted = request.GET.get("part", "")
    part = wanted if wanted in PARTS else ReviewItem.Part.WORK.value
    items = ReviewItem.objects.filter(batch=batch, part=part).select_related("pair").order_by("priority", "pk")
    if part == ReviewItem.Part.WORK:
        items = items.filter(state=ReviewItem.State.OPEN, done=0, held=0, decisions=None)
    page = Paginator(items, _PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "compare", "batch": batch, "part": part, "parts": PARTS, "page": page,
        "question": screen.question(batch), "rows": [_pair_row(item) for item in page],
    }  # fmt: skip
    return render(request, "comparison/pairs.html", context)


@opens_for(Access.ADMIN)
@posts_from("compare_pairs", "batch_id")
def known(request: HttpRequest, batch_id: int, item_id: int) -> HttpResponse:
    """Make a pair gold or training, change its answer, or give it back to the work."""
    item = get_object_or_404(ReviewItem, pk=item_id, batch=batch_id)
    action = request.POST.get("action", "")
    try:
        if action == "work":
            gold.make_work(person(request), item.pk)
            messages.success(request, _("The pair is work again."))
        else:
            explanation = plain(request.POST.get("explanation"), 4_000)
            expected = request.POST.get("expected", "")
            if expected not in gold.CHOICES:
                messages.error(request, _("Choose the expected answer first."))
            elif action == ReviewItem.Part.ONBOARDING and not explanation.strip():
                messages.error(request, _("Write why: a training pair explains its answer."))
            else:
                gold.make_known(person(request), item.pk, expected=expected, explanation=explanation, part=action)
                messages.success(request, _("The answer is kept."))
    except Conflict as error:
        messages.error(request, _conflict(str(error.state.get("reason", ""))))
    except NotDecidable:
        messages.error(request, _("That cannot be done with this pair."))
    back = request.POST.get("back", "")
    part = back if back in PARTS else ReviewItem.Part.WORK.value
    response = redirect("compare_pairs", batch_id=batch_id)
    response["Location"] += f"?part={part}"
    return response


def _fill(
    request: HttpRequest, batch: Batch, drafts: Iterable[PairDraft], part: str, problems: list[Problem]
) -> HttpResponse:
    try:
        result = add_pairs(batch, drafts, by=person(request), part=part)
    except NotDecidable:
        messages.error(request, _("The batch is closed: it takes no more pairs."))
        return redirect("compare_batch", batch_id=batch.pk)
    except PermanentError:  # the readers of files know one for a file that is there
        said = _("The file unpacks to more than %(gb)d GB, so nothing of it was taken. Cut it into parts.")
        problems.append(Problem(0, said % {"gb": MAX_FILE_BYTES >> 30}))
        result = Filled()
    request.session[f"filled-{batch.pk}"] = {
        "added": result.added, "repeated": result.repeated, "refused": [[_refusal(why), n] for why, n in
                                                                        sorted(result.refused.items())],
        "problems": [list(problem) for problem in problems[:_PROBLEMS_SHOWN]], "unreadable": len(problems),
    }  # fmt: skip
    return redirect("compare_batch", batch_id=batch.pk)


def _usable(drafts: Iterable[PairDraft | Problem], problems: list[Problem]) -> Iterator[PairDraft]:
    for draft in drafts:
        if isinstance(draft, Problem):
            problems.append(draft)
        else:
            yield draft


def _kept(file: UploadedFile[Any], folder: Path) -> Path:
    path = folder / "pairs"
    with path.open("wb") as stream:
        for chunk in file.chunks():
            stream.write(chunk)
    return path


def _refusal(why: str) -> str:
    return {"same text": _("both texts are the same"), "names its writer": _("a text names a language model")}.get(
        why, why
    )


def _conflict(reason: str) -> str:
    said = {
        "held": _("Somebody is looking at this pair now. Try again later."),
        "answered": _("This pair has votes: choose one without."),
        "closed": _("The batch is closed."),
        "flagged": _("This pair waits for a moderator."),
    }
    return said.get(reason, _("That cannot be done with this pair."))


def _pair_row(item: ReviewItem) -> dict[str, Any]:
    pair = item.pair
    return {
        "item": item,
        "first": text_html(pair.text_a) if pair is not None else "",
        "second": text_html(pair.text_b) if pair is not None else "",
        "language": pair.language if pair is not None else "ru",
        "facts": facts_of(pair.facts if pair is not None else {}),
        "answered": item.done,
    }
