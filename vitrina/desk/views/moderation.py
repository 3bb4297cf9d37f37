"""Moderation: the queue, one item, and what is decided of it. For moderators."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.content.html import to_text
from vitrina.content.models import ContentVersion
from vitrina.desk.marking import difference, marked
from vitrina.review import services
from vitrina.review.models import ReviewItem

PAGE = 50
#: Fixed list of what a text is refused for; the code is stored, the words are shown.
REASONS: dict[str, Any] = {
    "wrong_fact": gettext_lazy("A fact is wrong"),
    "invented": gettext_lazy("Something is invented"),
    "category": gettext_lazy("Wrong category"),
    "language": gettext_lazy("Bad language"),
    "poor": gettext_lazy("Too little said"),
    "forbidden": gettext_lazy("Must not be sold"),
}
VIEWS: dict[str, Any] = {
    "all": gettext_lazy("All"),
    "urgent": gettext_lazy("Urgent"),
    "text": gettext_lazy("Texts"),
    "offers": gettext_lazy("Prices and lists"),
}
TABS: dict[str, Any] = {
    "text": gettext_lazy("Text"),
    "diff": gettext_lazy("Differences"),
    "site": gettext_lazy("As on site"),
}


@opens_for(Access.MODERATOR)
def queue(request: HttpRequest) -> HttpResponse:
    """The list of open items, filtered by view and by words."""
    context = _queue(request)
    return render(request, "desk/moderation.html", context)


@opens_for(Access.MODERATOR)
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """One item beside the queue."""
    found = ReviewItem.objects.select_related("product__source", "version", "drop").filter(pk=item_id).first()
    if found is None:
        raise Http404
    return render(request, "desk/moderation.html", _queue(request) | _item(request, found))


@opens_for(Access.MODERATOR)
@require_POST
def decide(request: HttpRequest, item_id: int) -> HttpResponse:
    """Approve, reject with reasons, or have it written again; then the next item."""
    action, by = request.POST.get("action", ""), _name(request)
    comment = request.POST.get("comment", "").strip()[:2_000]
    reasons = [code for code in request.POST.getlist("reasons") if code in REASONS]
    following = _after(request, item_id)
    try:
        if action == "approve":
            services.approve(item_id, by=by, comment=comment)
            messages.success(request, _("Approved."))
        elif action == "reject":
            if not reasons:
                messages.error(request, _("Choose at least one reason."))
                return redirect(f"/moderation/{item_id}/?{_filters(request)}")
            services.reject(item_id, by=by, comment="; ".join([*reasons, comment]).rstrip("; "))
            messages.success(request, _("Rejected."))
        elif action == "reprocess":
            services.reprocess(item_id, by=by, comment=comment)
            messages.success(request, _("It will be written again."))
        else:
            messages.error(request, _("This action is not known."))
            following = item_id
    except services.NotDecidable as error:
        messages.error(request, str(error))
        following = item_id
    address = f"/moderation/{following}/" if following is not None else "/moderation/"
    filters = _filters(request)
    return redirect(f"{address}?{filters}" if filters else address)


def _name(request: HttpRequest) -> str:
    assert isinstance(request.user, User)  # noqa: S101 - the page opens for people who signed in
    return request.user.email or request.user.username


def _filters(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("tab", None)
    return kept.urlencode()


def _items(request: HttpRequest) -> tuple[QuerySet[ReviewItem], str, str]:
    view = request.GET.get("view", "all")
    view = view if view in VIEWS else "all"
    words = " ".join(request.GET.get("q", "").split())[:200]
    items = services.open_items()
    if view == "urgent":
        items = items.filter(priority=1)
    elif view == "text":
        items = items.filter(kind=ReviewItem.Kind.TEXT)
    elif view == "offers":
        items = items.exclude(kind=ReviewItem.Kind.TEXT)
    for word in words.split():
        items = items.filter(Q(product__title__icontains=word) | Q(key__icontains=word))
    return items, view, words


def _queue(request: HttpRequest) -> dict[str, Any]:
    items, view, words = _items(request)
    counts = services.open_counts()
    page = Paginator(items.select_related(None).select_related("product"), PAGE)
    return {
        "section": "moderation",
        "page": page.get_page(request.GET.get("page")),
        "views": [(code, name, counts.get(code, 0)) for code, name in VIEWS.items()],
        "view": view,
        "words": words,
        "filters": _filters(request),
    }


def _item(request: HttpRequest, found: ReviewItem) -> dict[str, Any]:
    version = found.version
    former = None
    if version is not None:
        former = (
            ContentVersion.objects.filter(product=version.product_id, number__lt=version.number)
            .order_by("-number")
            .first()
        )
    tab = request.GET.get("tab", "diff" if former is not None else "text")
    tab = tab if tab in TABS and not (tab == "diff" and former is None) else "text"
    plain = to_text(version.body) if version is not None else ""
    findings = version.grounding.get("findings", []) if version is not None else []
    product = found.product
    return {
        "item": found,
        "version": version,
        "former": former,
        "tab": tab,
        "tabs": [(code, name) for code, name in TABS.items() if code != "diff" or former is not None],
        "text": marked(plain, findings),
        "changes": difference(to_text(former.body), plain) if former is not None else "",
        "findings": findings,
        "facts": _facts(found),
        "history": product.versions.order_by("-number")[:10] if product is not None else [],
        "decisions": found.decisions.order_by("-pk")[:10],
        "reason_choices": [(code, name, number) for number, (code, name) in enumerate(REASONS.items(), 1)],
        "open": found.state == ReviewItem.State.OPEN,
    }


def _facts(found: ReviewItem) -> list[tuple[str, str]]:
    product = found.product
    if product is None:
        return [(_("Drop"), found.key.removeprefix("list:"))]
    price = f"{product.price} {product.currency or ''}" if product.price is not None else _("unknown")
    pairs: list[tuple[str, str]] = [
        (_("Number"), product.external_id),
        (_("Source"), product.source.slug),
        (_("Title in the source"), product.title),
        (_("Brand"), product.brand or "–"),
        (_("Price"), price),
        (_("Category in the source"), product.category_hint or "–"),
    ]
    pairs += [(str(name), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
              for name, value in list(product.attributes.items())[:40]]  # fmt: skip
    if product.description:
        pairs.append((_("Text of the source"), product.description[:1_500]))
    return pairs


def _after(request: HttpRequest, item_id: int) -> int | None:
    """The item below this one in the list as it was filtered, else the first one."""
    items, _view, _words = _items(request)
    current = ReviewItem.objects.filter(pk=item_id).first()
    if current is not None:
        below = items.filter(Q(priority__gt=current.priority) | Q(priority=current.priority, pk__gt=item_id))
        found = below.values_list("pk", flat=True).first()
        if found is not None:
            return found
    return items.exclude(pk=item_id).values_list("pk", flat=True).first()
