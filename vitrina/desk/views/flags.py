"""What annotators flagged, for moderators: open it again for the others, or take it out for good."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison.reasons import REPORTS, label_of
from vitrina.desk.asked import plain
from vitrina.desk.moderation.listing import title_of
from vitrina.desk.names import short_name
from vitrina.desk.posted import posts_from
from vitrina.desk.views.screen import person
from vitrina.desk.wording import problem_words
from vitrina.errors import VitrinaError
from vitrina.review.aside import answer_flag, flagged
from vitrina.review.blindness import barred
from vitrina.review.models import ReviewItem, SetAside

PAGE = 20


@opens_for(Access.MODERATOR)
@require_safe
def flags(request: HttpRequest) -> HttpResponse:
    """Flags that wait for an answer, the oldest first."""
    mine = flagged().exclude(item__in=ReviewItem.objects.filter(barred(person(request))))
    rows = mine.select_related("item__pair__product", "item__batch", "item__version__product", "item__drop")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = [_shown(flag) for flag in page]
    return render(request, "desk/moderation/flagged.html", {"section": "moderation", "flags": shown, "page": page})


@opens_for(Access.MODERATOR)
@posts_from("moderation_flagged")
def answer(request: HttpRequest, item_id: int) -> HttpResponse:
    """Answer all flags of an item."""
    reopen = request.POST.get("answer") == "reopen"
    comment = plain(request.POST.get("comment"), 2_000)
    try:
        answer_flag(person(request), item_id, reopen=reopen, comment=comment)
    except VitrinaError as error:
        messages.error(request, problem_words(error), extra_tags="stays")
    else:
        messages.success(request, _("It waits for people again.") if reopen else _("It is taken out for good."))
    return redirect("moderation_flagged")


def _shown(flag: SetAside) -> dict[str, object]:
    """Texts of a pair stand in the order of the table, which says nothing of who wrote them."""
    item, pair = flag.item, flag.item.pair
    product = pair.product if pair is not None else None
    return {
        "item": item,
        "is_pair": item.kind == ReviewItem.Kind.PAIR,
        "title": product.title if product is not None else title_of(item),
        "batch": item.batch.name if item.batch is not None else "",
        "texts": [pair.text_a, pair.text_b] if pair is not None else [],
        "language": pair.language if pair is not None else "ru",
        "who": short_name(flag.user),
        "reason": label_of(REPORTS, flag.reason),
        "comment": flag.comment,
        "at": flag.created_at,
    }  # fmt: skip
