"""Why an address gives no picture, or a file is none: one closed list of names.

Belongs here: the names and which of them pass. Stays out: raising them; no database, no Pillow.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Stored in tables, shown in metadata; never renamed."""

    # The address itself
    BAD_URL = "bad_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    # What its host answered
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    HTTP_ERROR = "http_error"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"
    HOST_DOWN = "host_down"
    STORE_DOWN = "store_down"
    # What the bytes are
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_AN_IMAGE = "not_an_image"
    FORMAT_NOT_TAKEN = "format_not_taken"
    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    BOMB = "bomb"
    DECODE_TOO_LONG = "decode_too_long"
    DECODE_TOO_MUCH_MEMORY = "decode_too_much_memory"
    DECODER_CRASHED = "decoder_crashed"


#: A later try may succeed: such an address waits. Everything else is an answer.
PASSING = frozenset(
    (
        Reason.RATE_LIMITED,
        Reason.SERVER_ERROR,
        Reason.UNREACHABLE,
        Reason.TIMED_OUT,
        Reason.CUT_OFF,
        Reason.HOST_DOWN,
        Reason.STORE_DOWN,
    )
)
