"""Processing a product now: options, the run that does it, and what it says. For moderators."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access, Role, roles_of
from vitrina.catalog.models import Product
from vitrina.config import get_settings
from vitrina.content.models import DescriptionTemplate
from vitrina.desk.asked import plain, whole
from vitrina.errors import VitrinaError
from vitrina.review.services import times_asked
from vitrina.workbench import dagster
from vitrina.workbench.card import is_blind
from vitrina.workbench.dagster import RunState
from vitrina.workbench.options import ProcessingOptions
from vitrina.workbench.telling import Told, not_shown, not_started
from vitrina.workbench.views.product import found_product, person_of
from vitrina.workbench.words import RUN, Shown


@opens_for(Access.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def product_processing(request: HttpRequest, product_id: int) -> HttpResponse:
    """The form, and the runs that people asked for; posting asks for another and shows it."""
    found = found_product(product_id)
    options, refused = ProcessingOptions(), None
    if request.method == "POST":
        options = _options(request, found)
        if not (options.pictures or options.categorise or options.describe):
            messages.error(request, _("Choose at least one step."))
            return redirect("product_processing", product_id=found.pk)
        try:
            api = dagster.connected(get_settings())
            run_id = dagster.process(api, found.pk, options, person=person_of(request).pk)
        except VitrinaError as error:
            refused = not_started(error)
        else:
            return redirect("run", run_id=run_id)
    # What was chosen stays in the form of a refused request; who just failed to answer is not waited for once more.
    runs, problem = _runs(found) if refused is None else (None, None)
    context: dict[str, Any] = {
        "section": "products", "part": "products", "product": found, "runs": runs, "problem": refused or problem,
        "closed": problem is not None, "options": options,
        "templates": DescriptionTemplate.objects.filter(
            is_active=True, template_type=DescriptionTemplate.Type.DESCRIPTION, language=get_settings().language
        ).order_by("name").values_list("name", flat=True)[:300],
    }  # fmt: skip
    return render(request, "workbench/processing.html", context, status=200 if refused is None else 409)


@opens_for(Access.MODERATOR)
def run(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """A run's page; the state in it renews itself, or is renewed by loading the page again."""
    return render(
        request, "workbench/run.html", {"section": "products", "part": "products"} | _state(request, str(run_id))
    )


@opens_for(Access.MODERATOR)
def run_state(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The state alone."""
    return render(request, "workbench/_run.html", _state(request, str(run_id)))


def run_word(status: str) -> Shown:
    """A run's status in words."""
    return RUN.get(status, Shown(status))


def _state(request: HttpRequest, run_id: str) -> dict[str, Any]:
    """A run that the desk asks for; administrators may look at every run.

    What it says may name a model: who compares texts of its product is shown the state alone.
    """
    state: RunState | None = None
    problem: Told | None = None
    try:
        state = dagster.state_of(dagster.connected(get_settings()), run_id)
    except VitrinaError as error:
        problem = not_shown(error)
    user = person_of(request)
    if state is None and problem is None:
        raise Http404
    if state is not None and state.job not in dagster.JOBS and Role.ADMIN not in roles_of(user):
        raise Http404
    product = whole(state.tags.get(dagster.PRODUCT_TAG)) if state is not None else None
    found = Product.objects.filter(pk=product).only("pk", "title").first() if product is not None else None
    if state is not None and found is not None and is_blind(user, found.pk):
        state = replace(state, lines=())
    return {
        "run_id": run_id, "run": state, "problem": problem, "product": found,
        "status": run_word(state.status) if state is not None else None,
    }  # fmt: skip


def _runs(found: Product) -> tuple[list[dict[str, Any]], Told | None]:
    try:
        runs = dagster.runs_of_product(dagster.connected(get_settings()), found.pk)
    except VitrinaError as error:
        return [], not_shown(error)
    return [
        {"run_id": one.run_id, "status": run_word(one.status), "started": dagster.moment(one.started)} for one in runs
    ], None


def _options(request: HttpRequest, found: Product) -> ProcessingOptions:
    def on(name: str) -> bool:
        return request.POST.get(name) == "on"

    template = plain(request.POST.get("template"))
    known = DescriptionTemplate.objects.filter(is_active=True, name=template).exists() if template else False
    how = request.POST.get("how", "")
    # Another try than all before it: the ledger must not answer with a text that stands already.
    again = found.versions.count() + times_asked([found.pk]).get(found.pk, 0) + 1 if how == "force" else 0
    return ProcessingOptions(
        pictures=on("pictures"), categorise=on("categorise"), describe=on("describe"), refresh=how == "refresh",
        force=how == "force", again=again, template=template if known else "",
    )  # fmt: skip
