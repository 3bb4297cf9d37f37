"""Annotators, for administrators: who fails the gold, and taking a person's votes out of the count.

Belongs here: the pages. Stays out: counting (``vitrina.review.gold``), voiding (``voiding``), other figures of people
(``vitrina.numbers``).
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Count, F, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison.forms import VoidForm
from vitrina.comparison.views.common import person
from vitrina.review import gold
from vitrina.review.models import Batch, Decision, ReviewItem
from vitrina.review.voiding import void_votes


@opens_for(Access.ADMIN)
@require_GET
def annotators(request: HttpRequest) -> HttpResponse:
    """Everybody who voted, those who fail the gold of a batch first."""
    failing = _failing()
    standing = Q(decision__action="compare", decision__superseded_by=None, decision__undone_at=None)
    people = User.objects.annotate(
        votes=Count("decision", filter=standing & Q(decision__voided_at=None)),
        voided=Count("decision", filter=standing & Q(decision__voided_at__isnull=False)),
        last=Max("decision__created_at", filter=standing),
    ).filter(Q(votes__gt=0) | Q(voided__gt=0))
    rows = [{"person": one, "fails": failing.get(one.pk, [])} for one in people.order_by("email")]
    rows.sort(key=lambda row: not row["fails"])
    return render(request, "comparison/annotators.html", {"section": "compare", "rows": rows})


@opens_for(Access.ADMIN)
def void(request: HttpRequest, user_id: int) -> HttpResponse:
    """Void a person's votes: of a batch, since a day, or all of them. A reason is needed."""
    annotator = get_object_or_404(User, pk=user_id)
    if request.method != "POST":
        return _void_page(request, annotator, VoidForm(initial={"batch": request.GET.get("batch")}))
    form = VoidForm(request.POST)
    if not form.is_valid():
        return _void_page(request, annotator, form, status=422)
    since = form.cleaned_data["since"]
    count = void_votes(
        person(request), annotator, reason=form.cleaned_data["reason"], batch=form.cleaned_data["batch"],
        since=datetime.combine(since, time(), UTC) if since is not None else None,
    )  # fmt: skip
    said = ngettext("%(n)d vote was voided; its pair waits for others.",
                    "%(n)d votes were voided; their pairs wait for others.", count)  # fmt: skip
    messages.success(request, said % {"n": count} if count else _("There was no vote to void."))
    return redirect("compare_annotators")


def _failing() -> dict[int, list[dict[str, Any]]]:
    """Person → batches whose gold they fail. One statement finds the batches, however many there are."""
    found: dict[int, list[dict[str, Any]]] = {}
    answers = Decision.objects.filter(
        item__part=ReviewItem.Part.GOLD, superseded_by=None, undone_at=None, voided_at=None
    ).values("item__batch", "decided_by")
    below = answers.annotate(n=Count("pk"), right=Count("pk", filter=Q(choice=F("item__expected")))).filter(
        n__gte=F("item__batch__gold_after"), right__lt=F("n") * F("item__batch__gold_floor")
    )
    failed = set(below.order_by().values_list("item__batch", flat=True))
    for batch in Batch.objects.filter(pk__in=failed).order_by("-pk"):
        for user_id, standing in gold.failing(batch).items():
            found.setdefault(user_id, []).append({"batch": batch, "standing": standing})
    return found


def _void_page(request: HttpRequest, annotator: User, form: VoidForm, *, status: int = 200) -> HttpResponse:
    votes = Decision.objects.filter(
        decided_by=annotator, action="compare", superseded_by=None, undone_at=None, voided_at=None
    )
    counted = votes.values("item__batch__name").annotate(n=Count("pk")).order_by("item__batch__name")
    context = {"section": "compare", "annotator": annotator, "form": form, "counted": counted, "total": votes.count()}
    return render(request, "comparison/void.html", context, status=status)
