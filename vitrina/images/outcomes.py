"""Outcomes to rows: pictures, addresses, hosts.

Belongs here: what an outcome makes of a row, when an address is tried again. Stays out: fetching.

A picture that is stored stays: where its address later says that it is gone, or answers with a page, only the time of
the look is written. The catalogue's list decides what a product shows, and the bytes are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from vitrina.images.downloading import Due, Known, Outcome, Stored
from vitrina.images.hosts import HostState
from vitrina.images.models import ImageHost, Picture, PictureUrl
from vitrina.images.reasons import PASSING, Reason
from vitrina.images.recipe import RECIPE
from vitrina.warehouse import copy_upsert
from vitrina.warehouse.text import storable

#: Failed tries of one address before it counts as refused; with the pauses below that is four days.
ATTEMPTS_MAX = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=24)
#: Reasons that are not the address's own: no try is counted.
_NOT_ITS_OWN = frozenset((Reason.HOST_DOWN, Reason.RATE_LIMITED, Reason.STORE_DOWN))
_State = PictureUrl.State

_PICTURE = (
    "sha256", "state", "reason", "message", "format", "size", "width", "height", "recipe", "original_key", "jpeg_key",
    "webp_key", "thumb_key", "shown_width", "shown_height", "shown_size",
)  # fmt: skip
_URL = (
    "digest", "url", "host", "state", "reason", "message", "picture", "attempts", "next_try_at", "checked_at", "etag",
    "last_modified",
)  # fmt: skip


def write(outcomes: Sequence[Outcome], now: datetime) -> dict[int, str]:
    """Commit what became of addresses: pictures first, in one transaction. Returns the new state by address id."""
    pictures = {out.picture.sha256: out.picture for out in outcomes if out.picture is not None}
    rows = {out.due.pk: url_row(out, now) for out in outcomes}
    with transaction.atomic():
        # Sorted, as the addresses are: two runs that write the same rows must lock them in the same order.
        copy_upsert(Picture, _PICTURE, (_picture_row(pictures[key]) for key in sorted(pictures)), key=("sha256",))
        copy_upsert(PictureUrl, _URL, sorted(rows.values(), key=lambda row: row[0]), key=("digest",))
    return {pk: row[3] for pk, row in rows.items()}


def _picture_row(picture: Stored) -> tuple[Any, ...]:
    refused = picture.reason is not None
    return (
        picture.sha256,
        (Picture.State.REFUSED if refused else Picture.State.STORED).value,
        picture.reason.value if picture.reason is not None else "",
        storable(picture.message),
        picture.format, picture.size, picture.width, picture.height, RECIPE, picture.original_key, picture.jpeg_key,
        picture.webp_key, picture.thumb_key, picture.shown_width, picture.shown_height, picture.shown_size,
    )  # fmt: skip


def url_row(outcome: Outcome, now: datetime) -> tuple[Any, ...]:
    """The row of an address after an outcome, in the order of the columns."""
    due = outcome.due
    state, reason, message = outcome_state(outcome)
    attempts, next_try = 0, now
    if state == _State.WAITING:
        attempts = due.attempts + (outcome.reason not in _NOT_ITS_OWN)
        pause = min(FIRST_PAUSE * 3 ** max(attempts - 1, 0), LONGEST_PAUSE)
        # Addresses that failed together are not tried again in the same second.
        next_try = max(now + pause * (0.9 + 0.2 * (due.pk % 97) / 97), outcome.until or now)
        if attempts >= ATTEMPTS_MAX:
            state, message = _State.REFUSED, f"Given up after {attempts} tries. {message}"
    made = outcome.picture.sha256 if outcome.picture is not None else outcome.known
    picture = due.picture if _kept(outcome) else made or due.picture
    etag, modified = due.etag, due.last_modified
    if outcome.unchanged:
        etag, modified = outcome.etag or etag, outcome.last_modified or modified
    elif made and not _kept(outcome):
        etag, modified = outcome.etag, outcome.last_modified
    checked = None if state == _State.WAITING else now
    return (
        due.address.digest, due.address.url, due.address.host, str(state), reason, storable(message), picture or None,
        attempts, next_try, checked,
        storable(etag), storable(modified),
    )  # fmt: skip


def _kept(outcome: Outcome) -> bool:
    """Whether the picture that is stored stays, whatever its address says now."""
    due, made = outcome.due, outcome.picture
    again = made is not None and made.sha256 == due.picture  # the very picture, judged by a new recipe
    return due.state == _State.STORED and outcome.reason is not None and not again


def outcome_state(outcome: Outcome) -> tuple[str, str, str]:
    """State, reason and message of an address after an outcome."""
    due, reason = outcome.due, outcome.reason
    if outcome.unchanged:
        return _State.STORED, "", ""  # only what is stored is asked for conditionally
    if reason is None:
        return _State.STORED, "", ""
    if _kept(outcome):
        return _State.STORED, "", f"Asked again: {reason}. {outcome.message}"
    # An object of our own store may yet be put there: lists often arrive before their pictures.
    if reason in PASSING or (reason is Reason.NOT_FOUND and due.address.object_key is not None):
        return _State.WAITING, reason.value, outcome.message
    return (_State.GONE if reason is Reason.NOT_FOUND else _State.REFUSED), reason.value, outcome.message


def known_picture(sha256: str, *, refresh: bool) -> Known | None:
    """A picture that was made by today's recipe; with ``refresh``, a refused one is decoded again."""
    row = Picture.objects.filter(pk=sha256, recipe=RECIPE).values_list("state", "reason", "message").first()
    if row is None or (refresh and row[0] == Picture.State.REFUSED):
        return None
    return Known(sha256, Reason(row[1]) if row[1] else None, row[2])


def load_hosts(names: Iterable[str]) -> dict[str, HostState]:
    """What is known of hosts; a row or a blank one for each name."""
    found = {
        row.host: HostState(row.host, row.failures, row.opened, row.open_until, row.reason, row.message)
        for row in ImageHost.objects.filter(host__in=list(names))
    }
    return {name: found.get(name) or HostState(name) for name in names}


def save_hosts(states: Iterable[HostState]) -> None:
    """Write what changed."""
    copy_upsert(
        ImageHost,
        ("host", "failures", "opened", "open_until", "reason", "message"),
        sorted(
            (s.host, s.failures, s.opened, s.open_until, s.reason, storable(s.message)) for s in states if s.changed
        ),
        key=("host",),
    )


__all__ = ["ATTEMPTS_MAX", "Due", "known_picture", "load_hosts", "outcome_state", "save_hosts", "url_row", "write"]
