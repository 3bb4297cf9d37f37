"""Taking backgrounds off: a picture is handed in, waits, is worked, and can be compared and fetched. For moderators."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.config import Settings, get_settings
from vitrina.desk.asked import plain, whole
from vitrina.errors import VitrinaError
from vitrina.images.background.models import BackgroundRequest
from vitrina.images.background.remove import SURE
from vitrina.images.models import Picture
from vitrina.objects import open_store
from vitrina.workbench import card, cutouts, dagster
from vitrina.workbench.limits import bounded_upload
from vitrina.workbench.telling import Told, not_taken
from vitrina.workbench.words import REQUEST

_RECENT = 20
_ENDED = (BackgroundRequest.State.COMPLETED, BackgroundRequest.State.FAILED)
_PAGE: dict[str, Any] = {"section": "products", "part": "backgrounds"}


def _refused(request: HttpRequest) -> HttpResponse:
    said = _("The upload is larger than %(mb)d MB.") % {"mb": cutouts.MAX_BYTES // 1_000_000}
    return _form(request, problem=Told(said), status=413)


@opens_for(Access.MODERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@bounded_upload(lambda: cutouts.MAX_BYTES, _refused)
def backgrounds(request: HttpRequest) -> HttpResponse:
    """The form and the newest requests; a picture that is taken is answered with 202 and the page of its request.

    The form carries an id of its own, so that sending it twice is one request. Programs that ask for JSON get it.
    """
    if request.method != "POST":
        return _form(request)
    settings = get_settings()
    try:
        made = _handed_in(request, settings)
    except VitrinaError as error:
        told = not_taken(error)
        if _wants_json(request):
            return JsonResponse({"error": told.words, "original": told.original}, status=422)
        return _form(request, problem=told, status=422)
    _worked_now(settings)
    row = BackgroundRequest.objects.get(pk=made)
    address = reverse("background", args=[made])
    if _wants_json(request):
        answer: HttpResponse = JsonResponse(_plain(row), status=202)
    else:
        answer = render(request, "workbench/background.html", _of(row) | {"address": address}, status=202)
    answer.headers["Location"] = address
    return answer


@opens_for(Access.MODERATOR)
@require_safe
def background(request: HttpRequest, cutout_id: uuid.UUID) -> HttpResponse:
    """One request: its state, and the result beside the original."""
    row = _found(cutout_id)
    return JsonResponse(_plain(row)) if _wants_json(request) else render(request, "workbench/background.html", _of(row))


@opens_for(Access.MODERATOR)
@require_safe
def background_state(request: HttpRequest, cutout_id: uuid.UUID) -> HttpResponse:
    """The state alone."""
    return render(request, "workbench/_background.html", _of(_found(cutout_id)))


@opens_for(Access.MODERATOR)
@require_safe
def background_file(request: HttpRequest, cutout_id: uuid.UUID, part: str) -> HttpResponse:
    """The result (PNG), or a small JPEG of what was handed in; ``?download`` offers it as a file."""
    row = _found(cutout_id)
    store = open_store(get_settings())
    kinds = {"result": (cutouts.result, "image/png", "png"), "original": (cutouts.original, "image/jpeg", "jpg")}
    if part not in kinds:
        raise Http404
    read, kind, ending = kinds[part]
    data = read(row, store)
    if data is None:
        raise Http404
    answer = HttpResponse(data, content_type=kind, headers={"Cache-Control": "private, max-age=3600"})
    if "download" in request.GET:
        answer.headers["Content-Disposition"] = f'attachment; filename="{_ascii(row.name)}-cutout.{ending}"'
    return answer


def _handed_in(request: HttpRequest, settings: Settings) -> uuid.UUID:
    store = open_store(settings)
    ticket = _ticket(request)
    chosen = plain(request.POST.get("picture"))
    if chosen:
        picture = Picture.objects.filter(pk=chosen, state=Picture.State.STORED).first()
        if picture is None:
            raise cutouts.NotTaken(_("This picture is not stored any more."))
        return cutouts.hand_in_stored(picture, f"{chosen[:12]}.jpg", store, settings, request_id=ticket)
    given = request.FILES.get("file")
    if given is None:
        raise cutouts.NotTaken(_("Choose a picture first."))
    return cutouts.hand_in(given.read(), given.name or "", store, settings, request_id=ticket)


def _ascii(name: str) -> str:
    """What of a name every browser takes in a header."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name.rpartition(".")[0] or name).strip(".-")
    return stem[:80] or "picture"


def _ticket(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("ticket", ""))
    except ValueError:
        return uuid.uuid4()


def _worked_now(settings: Settings) -> None:
    """The schedule looks every minute; a person need not wait for it. Without Dagster the request waits."""
    if not dagster.is_running(settings):
        return
    try:
        dagster.work_backgrounds(dagster.connected(settings, wait=2.0))
    except VitrinaError:
        return


def _form(request: HttpRequest, *, problem: Told | None = None, status: int = 200) -> HttpResponse:
    product_id = whole(request.GET.get("product"))
    product = card.product_of(product_id) if product_id is not None else None
    recent = BackgroundRequest.objects.order_by("-created_at")[:_RECENT]
    context = _PAGE | {
        "problem": problem,
        "ticket": uuid.uuid4(),
        "product": product,
        "pictures": [one for one in card.pictures_of(product) if one.sha256] if product is not None else [],
        "recent": [(row, REQUEST[row.state]) for row in recent],
        "most_mb": cutouts.MAX_BYTES // 1_000_000,
        "most_pixels": cutouts.MAX_PIXELS // 1_000_000,
    }
    return render(request, "workbench/backgrounds.html", context, status=status)


def _found(cutout_id: uuid.UUID) -> BackgroundRequest:
    row = BackgroundRequest.objects.filter(pk=cutout_id).first()
    if row is None:
        raise Http404
    return row


def _of(row: BackgroundRequest) -> dict[str, Any]:
    return _PAGE | {
        "row": row,
        "state": REQUEST[row.state],
        "waits": row.state not in _ENDED,
        "running": dagster.is_running(get_settings()),
        "unsure": row.confidence is not None and row.confidence < SURE,
    }


def _plain(row: BackgroundRequest) -> dict[str, Any]:
    result = reverse("background_file", args=[row.pk, "result"]) if row.result_key else None
    return {
        "id": str(row.pk), "state": row.state, "message": row.message, "confidence": row.confidence, "result": result,
        "status": reverse("background", args=[row.pk]),
    }  # fmt: skip


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
