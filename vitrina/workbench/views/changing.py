"""What a person decides on a product's page: an own text, another text, off the shop or back. For moderators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.catalog.models import Product
from vitrina.categories.models import Category
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion
from vitrina.content.product_facts import facts_of
from vitrina.desk.asked import plain, whole
from vitrina.desk.posted import posts_from
from vitrina.desk.reasons import AGAIN, OFF
from vitrina.desk.refusals import refusal_words
from vitrina.desk.wording import problem_words
from vitrina.errors import VitrinaError
from vitrina.review.by_hand import decide_product, set_shown, take_back
from vitrina.review.errors import Conflict
from vitrina.review.judgement import Judgement
from vitrina.workbench import editing
from vitrina.workbench.views.product import found_product, person_of


@opens_for(Access.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def product_edit(request: HttpRequest, product_id: int) -> HttpResponse:
    """The form with the text in it; ``check`` says what the contract thinks, ``save`` keeps it as the person's text."""
    found = found_product(product_id)
    base = found.versions.order_by("-number").first()
    context: dict[str, Any] = {
        "section": "products", "part": "products", "product": found, "base": base, "limits": editing.LIMITS,
        "seen": base.number if base is not None else 0, "checked": None,
        "categories": Category.objects.filter(is_active=True).order_by("path_ru").values_list("slug", "path_ru"),
        "category": _category_of(found),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "workbench/edit.html", context | {"words": editing.first_words(base, found)})
    words = editing.typed(request.POST)
    checked = editing.check(words, base, _facts_of(found, base))
    category = plain(request.POST.get("category"))
    context |= {"words": words, "checked": checked, "category": category, "comment": request.POST.get("comment", "")}
    if request.POST.get("action") != "save" or checked.hard:
        if request.headers.get("HX-Request"):
            return render(request, "workbench/_checks.html", context)
        return render(request, "workbench/edit.html", context, status=422 if checked.hard else 200)
    changed = category if category != _category_of(found) else ""
    try:
        decide_product(person_of(request), found.pk, Judgement(
            "edit", seen_version=_seen(request), comment=_comment(request), category=changed, edit=checked.edit
        ))  # fmt: skip
    except Conflict as conflict:
        # Nothing typed is lost: the page shows it again beside what came meanwhile.
        messages.error(request, _conflict(conflict))
        return render(request, "workbench/edit.html", context | {"stale": conflict.state.get("version")}, status=409)
    except VitrinaError as error:
        messages.error(request, refusal_words(error))
        return render(request, "workbench/edit.html", context, status=422)
    messages.success(request, _("Saved. It is published in about a minute, as everything that people decide."))
    return redirect("product", product_id=found.pk)


@opens_for(Access.MODERATOR)
@posts_from("product", "product_id")
def product_again(request: HttpRequest, product_id: int) -> HttpResponse:
    """Have the text written again, with reasons."""
    found = found_product(product_id)
    reasons = [code for code in request.POST.getlist("reasons") if code in AGAIN]

    def decide() -> None:
        decide_product(person_of(request), found.pk, Judgement(
            "reprocess", seen_version=_seen(request), reasons=reasons, comment=_comment(request)
        ))  # fmt: skip

    return _done(request, found, decide, _("It will be written again; the run begins in about a minute."))


@opens_for(Access.MODERATOR)
@posts_from("product", "product_id")
def product_back(request: HttpRequest, product_id: int) -> HttpResponse:
    """Take the last decision about the product back, while it is not in effect."""
    found = found_product(product_id)
    return _done(request, found, lambda: take_back(person_of(request), found.pk), _("Taken back."))


@opens_for(Access.MODERATOR)
@posts_from("product", "product_id")
def product_shown(request: HttpRequest, product_id: int) -> HttpResponse:
    """Take a product off the shop, with a reason, or put it back."""
    found = found_product(product_id)
    shown = request.POST.get("shown") == "yes"
    reasons = [code for code in request.POST.getlist("reasons") if code in OFF]

    def decide() -> None:
        set_shown(person_of(request), found.pk, shown=shown, reasons=reasons, comment=_comment(request))

    said = _("It is put back on show in about a minute.") if shown else _("It is taken off the shop in about a minute.")
    if not shown and not reasons and not _comment(request):
        messages.error(request, _("Choose a reason, or write one."))
        return redirect("product", product_id=found.pk)
    return _done(request, found, decide, said)


def _done(request: HttpRequest, found: Product, decide: Callable[[], None], said: str) -> HttpResponse:
    try:
        decide()
    except Conflict as conflict:
        messages.error(request, _conflict(conflict))
    except VitrinaError as error:
        messages.error(request, refusal_words(error))
    else:
        messages.success(request, said)
    return redirect("product", product_id=found.pk)


def _conflict(conflict: Conflict) -> str:
    reason = conflict.state.get("reason")
    if reason == "newer_version":
        return _("Another text came meanwhile (version %(n)s). Look at it first.") % {"n": conflict.state["version"]}
    if reason == "held":
        return _("Somebody is deciding about this product in the queue right now. Try again in some minutes.")
    return problem_words(conflict)


def _seen(request: HttpRequest) -> int | None:
    return whole(request.POST.get("seen"), digits=9) or None


def _comment(request: HttpRequest) -> str:
    return plain(request.POST.get("comment"), 2_000)


def _category_of(found: Product) -> str:
    choice = getattr(found, "category", None)
    return choice.category.slug if choice is not None and choice.category is not None else ""


def _facts_of(found: Product, base: ContentVersion | None) -> ProductFacts:
    return facts_of(found, base.language if base is not None else "ru")
