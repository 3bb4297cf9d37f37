"""Handing in a list: upload, what an import would see of it, placing it, and following it. For moderators."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.catalog.models import Drop, Source
from vitrina.catalog.reference_data import lacking
from vitrina.config import get_settings
from vitrina.desk.asked import plain
from vitrina.desk.posted import posts_from
from vitrina.errors import VitrinaError
from vitrina.objects import ObjectStore, open_store
from vitrina.workbench import choosing, correcting, dagster, drop_card, incoming
from vitrina.workbench.choosing import WrongChoice
from vitrina.workbench.incoming import Given, Upload
from vitrina.workbench.limits import bounded_upload
from vitrina.workbench.telling import Told, not_read, not_taken
from vitrina.workbench.views.product import person_of
from vitrina.workbench.words import DROP

_PAGE: dict[str, Any] = {"section": "products", "part": "uploads"}
_RECENT = 15


def _most() -> int:
    return get_settings().desk_upload_mb * 1_000_000


def _refused(request: HttpRequest) -> HttpResponse:
    most = get_settings().desk_upload_mb
    said = _("The upload is larger than %(mb)d MB, or has too many files.") % {"mb": most}
    return _form(request, problem=Told(said), status=413)


@opens_for(Access.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@bounded_upload(_most, _refused)
def drop_upload(request: HttpRequest) -> HttpResponse:
    """The form; what is handed in is kept aside and read, and nothing is placed yet."""
    if request.method != "POST":
        return _form(request)
    settings = get_settings()
    files = [Given(one.name or "", one) for one in request.FILES.getlist("files")]  # type: ignore[arg-type]
    source = plain(request.POST.get("new_source")) or plain(request.POST.get("source"))
    try:
        made = incoming.receive(
            files, source=source, name=plain(request.POST.get("name")), owner=person_of(request).pk,
            store=open_store(settings), settings=settings,
        )  # fmt: skip
    except VitrinaError as error:
        return _form(request, problem=not_taken(error), status=422)
    return redirect("upload", upload_id=made)


@opens_for(Access.MODERATOR)
@require_safe
def upload(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """What an import would see of an upload; once it is placed, how far it has come."""
    return render(request, "workbench/upload.html", _of(_found(request, upload_id)))


@opens_for(Access.MODERATOR)
@require_safe
def upload_state(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """The part of the page that changes by itself."""
    return render(request, "workbench/_upload.html", _of(_found(request, upload_id)))


@opens_for(Access.MODERATOR)
@posts_from("upload", "upload_id")
def upload_columns(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Read the list once more with what was chosen for its columns."""
    found = _found(request, upload_id)
    settings = get_settings()
    try:
        forget = request.POST.get("forget") == "yes"
        changes = None if forget else choosing.changes_of(found, _sent(request))
        correcting.look_again(found, changes, open_store(settings), settings)
    except VitrinaError as error:
        return _answered(request, upload_id, error)
    return redirect("upload", upload_id=found.id)


@opens_for(Access.MODERATOR)
@posts_from("upload", "upload_id")
def upload_place(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Place the files where the sensor looks."""
    found = _found(request, upload_id)
    settings = get_settings()
    if found.state not in {"read", "unreadable", "cut_off"}:
        messages.error(request, _("It is still being read, or has been placed already."))
        return redirect("upload", upload_id=found.id)
    if found.state != "read" and request.POST.get("unread") != "yes":
        messages.error(request, _("It could not be read; say that it is to be placed all the same."))
        return redirect("upload", upload_id=found.id)
    try:
        if choosing.SEEN in request.POST and choosing.changes_of(found, _sent(request)):
            raise WrongChoice(_("You have chosen other fields since the list was read. Look again first."))
        store = open_store(settings)
        key = incoming.place(found, store, settings)
    except VitrinaError as error:
        return _answered(request, upload_id, error)
    if found.chosen:
        _have_read_again(request, store, found.source, key)
    messages.success(request, _("Placed. The sensor takes it within seconds while the platform runs."))
    return redirect("upload", upload_id=found.id)


def _have_read_again(request: HttpRequest, store: ObjectStore, source: str, key: str) -> None:
    """A list that was taken in before, under other settings, is none that the sensor would notice."""
    drop = None
    try:
        drop = drop_card.taken_before(store, source, key)
        if drop is None:
            return
        dagster.read_drop_again(dagster.connected(get_settings()), drop.key, person=person_of(request).pk)
        messages.success(request, _("This very list was read before; it is read once more with your choices."))
    except VitrinaError:
        told = _("Your choices are kept. If this very list was read before, it is not read again by itself: ask an "
                 "engineer to start “vitrina drop retry %(key)s” while the platform runs.")  # fmt: skip
        messages.warning(request, told % {"key": drop.key if drop is not None else key})


@opens_for(Access.MODERATOR)
@posts_from("upload", "upload_id")
def upload_discard(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Throw the files away."""
    incoming.discard(_found(request, upload_id), get_settings())
    messages.success(request, _("Discarded. Nothing was placed."))
    return redirect("drop_upload")


@opens_for(Access.MODERATOR)
@require_safe
def drop_progress(request: HttpRequest, drop_id: int) -> HttpResponse:
    """A drop: what was read of it, what was set aside, how far its products have come."""
    drop = get_object_or_404(Drop.objects.select_related("source"), pk=drop_id)
    return render(request, "workbench/drop.html", _drop(drop))


@opens_for(Access.MODERATOR)
@require_safe
def drop_state(request: HttpRequest, drop_id: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    drop = get_object_or_404(Drop.objects.select_related("source"), pk=drop_id)
    return render(request, "workbench/_drop.html", _drop(drop))


def _form(request: HttpRequest, *, problem: Told | None = None, status: int = 200) -> HttpResponse:
    recent = Drop.objects.select_related("source").order_by("-id")[:_RECENT]
    context = _PAGE | {
        "problem": problem,
        "sources": Source.objects.order_by("slug").values_list("slug", "name")[:500],
        "recent": [(drop, DROP[drop.state]) for drop in recent],
        "most_mb": get_settings().desk_upload_mb,
        "most_files": incoming.MOST_FILES,
    }
    return render(request, "workbench/drop_upload.html", context, status=status)


def _sent(request: HttpRequest) -> dict[str, str]:
    return {str(name): str(value) for name, value in request.POST.items()}


def _answered(request: HttpRequest, upload_id: uuid.UUID, error: VitrinaError) -> HttpResponse:
    """The page once more, with why it was refused and what was sent."""
    context = _of(_found(request, upload_id)) | {"refused": not_taken(error)}
    if context["choices"] is not None:
        context["choices"] = context["choices"].with_sent(_sent(request))
    return render(request, "workbench/upload.html", context, status=422)


def _found(request: HttpRequest, upload_id: uuid.UUID) -> Upload:
    found = incoming.load(upload_id, owner=person_of(request).pk, settings=get_settings())
    if found is None:
        raise Http404
    return found


def _of(found: Upload) -> dict[str, Any]:
    drop = drop_card.drop_of(found)
    context = _PAGE | {
        "upload": found,
        "problem": not_read(found.problem, found.hint, found.fault) if found.problem else None,
        "waits": found.state == "reading" or (found.state == "placed" and drop is None),
        "running": dagster.is_running(get_settings()),
        "before": drop_card.handed_in_before(found) if found.state == "read" else None,
        "choices": choosing.form_of(found),
        "drop": None,
    }
    return context | _drop(drop) if drop is not None else context


def _drop(drop: Drop) -> dict[str, Any]:
    figures = drop_card.figures_of(drop)
    return _PAGE | {
        "drop": drop,
        "drop_state": DROP[drop.state],
        "figures": figures,
        "drop_waits": drop.state == Drop.State.FOUND or figures.going_on,
        "lacking": lacking() if figures.going_on and drop.state != Drop.State.UNREADABLE else (),
        "quarantine": drop_card.quarantine_of(drop),
        "running": dagster.is_running(get_settings()),
    }
