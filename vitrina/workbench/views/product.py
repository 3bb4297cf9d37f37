"""One product: facts, pictures, texts, log, decisions, calls, lineage. For moderators; lineage for administrators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.catalog.models import Product
from vitrina.content.models import ContentVersion
from vitrina.desk.editing import to_lines
from vitrina.desk.marking import difference, marked
from vitrina.desk.reasons import AGAIN, OFF
from vitrina.review.by_hand import asked_to_show, can_take_back
from vitrina.workbench import card
from vitrina.workbench.words import LOG_STATUS, LOG_TYPE

TABS = ("text", "diff", "site")


@opens_for(Access.MODERATOR)
def product(request: HttpRequest, product_id: int) -> HttpResponse:
    """The page; ``version`` chooses a text, ``tab`` the way to look at it."""
    found = found_product(product_id)
    return render(request, "workbench/product.html", page_of(request, found))


def found_product(product_id: int) -> Product:
    """The product, or the page that says there is none."""
    found = card.product_of(product_id)
    if found is None:
        raise Http404
    return found


def person_of(request: HttpRequest) -> User:
    """Who asks; these pages open for people who signed in."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def page_of(request: HttpRequest, found: Product) -> dict[str, Any]:
    """Values of the page."""
    user = person_of(request)
    blind = card.is_blind(user, found.pk)
    texts = card.texts_of(user, found, blind=blind)
    log = card.log_of(user, found)
    chosen = _chosen(request, texts, found)
    publication = getattr(found, "publication", None)
    return {
        "section": "products",
        "part": "products",
        "product": found,
        "publication": publication,
        "state": card.state_of(found),
        "asked_to_show": asked_to_show(found.pk),
        "can_take_back": can_take_back(user, found.pk),
        "case": card.open_case(found),
        "category": getattr(found, "category", None),
        "facts": _facts(found),
        "pictures": card.pictures_of(found),
        "blind": blind,
        "texts": texts,
        "log": [(row, LOG_TYPE.get(row.processing_type, row.processing_type), LOG_STATUS[row.status]) for row in log],
        "decisions": card.decisions_of(user, found, blind=blind),
        "calls": None if blind else card.calls_of(texts, log),
        "lineage": [] if blind else card.lineage_of(found, chosen),
        "again_reasons": AGAIN.items(),
        "off_reasons": OFF.items(),
        **_text(request, chosen, texts),
    }


def _chosen(request: HttpRequest, texts: list[card.TextRow], found: Product) -> ContentVersion | None:
    """The text that was asked for, else the one on show, else the newest."""
    number = request.GET.get("version", "")
    publication = getattr(found, "publication", None)
    for row in texts:
        if str(row.version.number) == number:
            return row.version
    for row in texts:
        if publication is not None and row.version.pk == publication.version_id:
            return row.version
    return texts[0].version if texts else None


def _text(request: HttpRequest, chosen: ContentVersion | None, texts: list[card.TextRow]) -> dict[str, Any]:
    if chosen is None:
        return {"version": None}
    former = next((row.version for row in texts if row.version.number < chosen.number), None)
    tab = request.GET.get("tab", "text")
    tab = tab if tab in TABS and not (tab == "diff" and former is None) else "text"
    plain = to_lines(chosen.body)
    return {
        "version": chosen,
        "former": former,
        "tab": tab,
        "text": marked(plain, chosen.grounding.get("findings", [])) if tab == "text" else "",
        "changes": difference(to_lines(former.body), plain) if former is not None and tab == "diff" else "",
        "titles": difference(former.title, chosen.title) if former is not None and tab == "diff" else "",
        "findings": chosen.grounding.get("findings", []),
        "reasons": chosen.verdict.reasons if hasattr(chosen, "verdict") else [],
    }


def _facts(found: Product) -> list[tuple[str, str]]:
    """Attributes as the source names them, bounded."""
    pairs = []
    for name, value in list(found.attributes.items())[:80]:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        pairs.append((str(name), shown[:1_000]))
    return pairs
