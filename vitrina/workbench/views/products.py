"""The list of products: by words, number, source, category, state and drop, and by likeness. For moderators."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.catalog import search
from vitrina.catalog.models import Drop, Product, Source
from vitrina.categories.models import Category
from vitrina.config import get_settings
from vitrina.desk.asked import plain, whole
from vitrina.vectors.similar import Near, similar_to_phrase, similar_to_product
from vitrina.workbench.listing import rows_of
from vitrina.workbench.words import STATES

PAGE, NEAREST = 50, 60
_MOST = 200


@opens_for(Access.MODERATOR)
def products(request: HttpRequest) -> HttpResponse:
    """A page of the list. ``by=meaning`` searches by likeness to the words, ``like`` by likeness to a product."""
    wanted = _wanted(request)
    like = whole(request.GET.get("like"))
    by_meaning = request.GET.get("by") == "meaning" and bool(wanted.words)
    context: dict[str, Any] = {
        "section": "products", "part": "products", "wanted": wanted, "by_meaning": by_meaning,
        "like": None, "near": None,
        "sources": Source.objects.order_by("slug").values_list("slug", "name")[:500],
        "categories": Category.objects.filter(is_active=True).order_by("path_ru").values_list("slug", "path_ru"),
        "states": STATES.items(),
        "none_yet": not Product.objects.exists(),
        "drop_known": not wanted.drop or Drop.objects.filter(key=wanted.drop).exists(),
        "filters": _filters(request),
    }  # fmt: skip
    if like is not None:
        context |= _alike(similar_to_product(like, get_settings(), k=_MOST), wanted)
        context["like"] = Product.objects.filter(pk=like).only("pk", "title").first()
    elif by_meaning:
        context |= _alike(similar_to_phrase(wanted.words, get_settings(), k=_MOST), wanted)
    else:
        page = whole(request.GET.get("page")) or 1
        found = search.find(wanted, page=page, size=PAGE)
        context |= {"found": found, "rows": rows_of(found.ids), "page": page}
    return render(request, "workbench/products.html", context)


def _alike(near: Near, wanted: search.Wanted) -> dict[str, Any]:
    ids = search.narrowed(list(near.scores), wanted)[:NEAREST]
    return {"near": near, "rows": rows_of(ids, near.scores)}


def _wanted(request: HttpRequest) -> search.Wanted:
    def said(name: str, most: int = 300) -> str:
        return " ".join(plain(request.GET.get(name)).split())[:most]

    state = said("state")
    return search.Wanted(said("q"), said("source"), said("category"), state if state in STATES else "", said("drop"))


def _filters(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()
