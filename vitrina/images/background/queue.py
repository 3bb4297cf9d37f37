"""Requests to take a background off: handed in, worked, looked up (TOOL-1).

Belongs here: states, claims, tries. Stays out: decoding (``pixels``), the cutting (``remove``), pages, who calls the
worker.

A worker takes one request at a time under ``FOR UPDATE SKIP LOCKED`` and holds it by a lease. A killed worker's lease
runs out and the next worker goes on; what it writes late is dropped, since its claim is no longer the row's. The same
bytes cut by the same back end have one result: its key is made of both.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q

from vitrina.config import Settings, get_settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.images.background.models import BackgroundRequest
from vitrina.images.background.pixels import Decoder
from vitrina.images.background.remove import BACKENDS, SURE, Backend, png, remove_background
from vitrina.images.keys import CACHE_CONTROL, TEMP, cutout_key
from vitrina.objects import ObjectStore

_LOG = logging.getLogger(__name__)
SOURCES = f"{TEMP}background/"
LEASE = timedelta(minutes=2)
TRIES = 3
PAUSE = timedelta(seconds=20)
MAX_BYTES = 15_000_000
#: A picture of more pixels is refused by its header, before it is queued.
MAX_PIXELS = 40_000_000
_State = BackgroundRequest.State


@dataclass(slots=True)
class Worked:
    """Counts of one call."""

    completed: int = 0
    failed: int = 0
    again: int = 0


def submit(
    data: bytes, store: ObjectStore, *, name: str = "", backend: Backend = "auto", request_id: UUID | None = None
) -> UUID:
    """Queue a picture; returns the request's id at once.

    Args:
        data: The file's bytes; JPEG, PNG or WebP.
        request_id: The caller's own id: handed in twice, it is one request.

    Raises:
        PermanentError: no picture of a kind that is taken, too large, or an unknown back end.
    """
    if backend not in BACKENDS:
        raise PermanentError(f"{backend!r} takes no background off.", hint=f"One of {', '.join(BACKENDS)}.")
    _checked(data)
    sha = hashlib.sha256(data).hexdigest()
    key = f"{SOURCES}{sha}"
    store.put(key, data)
    values = {"name": name[:200].replace("\0", ""), "sha256": sha, "source_key": key, "backend": backend}
    row, _ = BackgroundRequest.objects.get_or_create(id=request_id or uuid4(), defaults=values)
    return row.pk


def status(request_id: UUID) -> dict[str, Any] | None:
    """State, message, confidence and the result's key; ``None`` for an unknown id."""
    fields = ("state", "name", "message", "confidence", "result_key", "used", "attempts", "created_at", "completed_at")
    row = BackgroundRequest.objects.filter(pk=request_id).values(*fields).first()
    return {**row, "id": str(request_id)} if row is not None else None


def work(
    store: ObjectStore, *, most: int = 100, now: datetime | None = None, settings: Settings | None = None
) -> Worked:
    """Work requests until none is due, or so many were worked.

    Args:
        settings: Limits of decoding.
    """
    done = Worked()
    with Decoder(settings or get_settings()) as decoder:
        for _ in range(most):
            claimed = _claim(now or datetime.now(UTC))
            if claimed is None:
                break
            _worked(claimed, store, decoder, done)
    return done


def due(now: datetime | None = None) -> int:
    """How many requests a worker would take now."""
    return _due(now or datetime.now(UTC)).count()


def _due(now: datetime) -> Any:
    free = Q(state=_State.QUEUED, not_before__lte=now) | Q(state=_State.PROCESSING, leased_until__lt=now)
    return BackgroundRequest.objects.filter(free)


def _claim(now: datetime) -> BackgroundRequest | None:
    with transaction.atomic():
        row = _due(now).select_for_update(skip_locked=True).order_by("created_at", "id").first()
        if row is None:
            return None
        if row.attempts >= TRIES:  # its worker was killed each time: the picture may be what kills
            row.state, row.message = _State.FAILED, f"given up after {row.attempts} tries that were cut off"
            row.claim = row.leased_until = None
            row.completed_at = row.updated_at = now
            row.save()
            return _claim(now)
        row.state, row.claim, row.leased_until = _State.PROCESSING, uuid4(), now + LEASE
        row.attempts += 1
        row.updated_at = now
        row.save()
    return row


def _worked(row: BackgroundRequest, store: ObjectStore, decoder: Decoder, done: Worked) -> None:
    try:
        values = _cut(row, store, decoder)
    except RetryableError as error:
        last = row.attempts >= TRIES
        done.failed, done.again = done.failed + last, done.again + (not last)
        pause = PAUSE * 2 ** (row.attempts - 1)
        _finish(row, _State.FAILED if last else _State.QUEUED, message=str(error), pause=pause)
    except Exception as error:  # noqa: BLE001 - one odd picture must not stop the queue; it is kept and counted
        if not isinstance(error, PermanentError | ValueError):
            _LOG.exception("background request %s failed", row.pk)
        done.failed += 1
        _finish(row, _State.FAILED, message=str(error) or type(error).__name__)
    else:
        done.completed += 1
        _finish(row, _State.COMPLETED, **values)


def _cut(row: BackgroundRequest, store: ObjectStore, decoder: Decoder) -> dict[str, Any]:
    rgb = decoder.pixels(store.get(row.source_key))
    removed = remove_background(rgb, cast(Backend, row.backend))
    key = cutout_key(row.sha256, removed.used)
    store.put(key, png(removed.rgba), content_type="image/png", cache_control=CACHE_CONTROL)
    doubts = "; ".join(removed.doubts) if removed.confidence < SURE else ""
    return {"result_key": key, "used": removed.used, "confidence": removed.confidence, "message": doubts}


def _finish(row: BackgroundRequest, state: str, *, pause: timedelta | None = None, **values: Any) -> None:
    """Writes the end of a try, unless another worker has the request by now."""
    now = datetime.now(UTC)
    ended = state in (_State.COMPLETED, _State.FAILED)
    message = str(values.pop("message", ""))[:2000].replace("\0", "")
    BackgroundRequest.objects.filter(pk=row.pk, claim=row.claim, state=_State.PROCESSING).update(
        state=state, claim=None, leased_until=None, message=message, updated_at=now,
        completed_at=now if ended else F("completed_at"), not_before=now + (pause or timedelta()), **values,
    )  # fmt: skip


def _checked(data: bytes) -> None:
    """Size and header, without decoding."""
    if not data or len(data) > MAX_BYTES:
        raise PermanentError(f"The file has {len(data)} bytes; 1 to {MAX_BYTES} are taken.")
    with _opened(data):
        pass


def _opened(data: bytes) -> Any:
    import io

    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PermanentError("This is no picture that is taken.", hint="Give a JPEG, PNG or WebP.") from error
    if image.width * image.height > MAX_PIXELS:
        raise PermanentError(f"The picture has {image.width} x {image.height} pixels; {MAX_PIXELS} are taken.")
    return image
