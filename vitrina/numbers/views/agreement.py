"""How people agree: about pairs, by batch, and about approved texts that were looked at again. For administrators."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.desk.asked import whole
from vitrina.numbers import pairs
from vitrina.numbers.second_looks import second_looks
from vitrina.numbers.views.frame import page
from vitrina.review.models import Batch
from vitrina.statistics.kappas import COMMON_ITEMS


@opens_for(Access.ADMIN)
def agreement(request: HttpRequest) -> HttpResponse:
    """The newest batches, and all figures of the chosen one: the newest that has votes, where none is named; below
    them how approved texts fare that were looked at again."""
    lines = pairs.batches()
    asked = whole(request.GET.get("batch"))
    chosen: Batch | None
    if asked is not None:
        chosen = get_object_or_404(Batch, pk=asked)
    else:
        chosen = next((line.batch for line in lines if line.votes), lines[0].batch if lines else None)
    known = next((line for line in lines if line.batch == chosen), None)
    context = {
        "lines": lines,
        "batch": chosen,
        "details": pairs.details(chosen, known) if chosen is not None else None,
        "most_batches": pairs.MOST_BATCHES,
        "most_people": pairs.MOST_PEOPLE,
        "common_items": COMMON_ITEMS,
        "looks": second_looks(),
    }
    return page(request, "agreement", context)
