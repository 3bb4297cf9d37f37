"""What went wrong, as every caller gets it: one body for all errors.

Belongs here: which error is which status, and its words. Stays out: the errors. Nothing of a stack trace leaves.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from vitrina.accounts.services import AccountError
from vitrina.errors import PermanentError, RetryableError, VitrinaError
from vitrina.review.errors import Conflict, Forbidden, TooLate

CONTENT_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

#: Status → code and the plain words of errors that have none of their own.
WORDS: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read."),
    401: ("not_signed_in", "Send a key, or sign in."),
    403: ("forbidden", "Your role does not open this."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    406: ("not_acceptable", "Answers are JSON."),
    409: ("conflict", "Somebody or something was faster; nothing was written."),
    413: ("too_large", "The file is too large."),
    415: ("unsupported_media_type", "Send JSON, or the type that this address names."),
    422: ("invalid", "The request is understood, and something in it is wrong."),
    429: ("too_many_requests", "Too many requests; wait for the seconds in Retry-After."),
    500: ("failed", "Something failed on our side; the log has the details."),
    503: ("unavailable", "The database is out of reach; try again in a moment."),
}


class TooLarge(PermanentError):
    """More bytes than an import takes."""


class RowProblems(PermanentError):
    """Rows of an import that are wrong: nothing of the file was taken."""

    def __init__(self, rows: dict[int, str], more: int) -> None:
        super().__init__(
            f"{len(rows) + more} rows are wrong; nothing was imported.", hint="Mend them and send the file again."
        )
        self.rows = rows


def answer_problem(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to an error of a view: DRF's ``EXCEPTION_HANDLER``."""
    status = _status(error)
    fields: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, exceptions.ValidationError):
        fields["fields"] = _flat(error.detail)
    elif isinstance(error, exceptions.APIException):
        fields["message"] = str(error.detail)
        wait = getattr(error, "wait", None)
        if status == 429:
            fields.pop("message")
            headers["Retry-After"] = str(int(wait or 1))
        if auth := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = auth
    elif isinstance(error, VitrinaError):
        fields |= {"message": error.message, "hint": error.hint}
    if isinstance(error, Conflict):
        fields["state"] = {name: value for name, value in error.state.items() if value is not None}
    elif isinstance(error, TooLate):
        fields["state"] = {"reason": "too_late", "decision": error.decision_id}
    elif isinstance(error, RowProblems):
        fields["fields"] = {f"line {number}": said for number, said in error.rows.items()}
    if status >= 500:
        _log.error("%s failed", context.get("request"), exc_info=error)
        headers |= {"Retry-After": "5"} if status == 503 else {}
    return problem(status, headers=headers, **fields)


def problem(status: int, *, headers: dict[str, str] | None = None, **fields: Any) -> Response:
    """A body of code and plain words; ``fields`` replace or add to the words of the status."""
    code, message = WORDS.get(status, WORDS[400])
    body: dict[str, Any] = {"status": status, "code": code, "message": message} | {k: v for k, v in fields.items() if v}
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def _status(error: Exception) -> int:
    if isinstance(error, exceptions.ValidationError):
        return 422
    if isinstance(error, exceptions.APIException):
        return error.status_code
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return 500


_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Http404, 404),
    (PermissionDenied, 403),
    (Forbidden, 403),
    (Conflict, 409),
    (TooLate, 409),
    (TooLarge, 413),
    (AccountError, 422),
    (PermanentError, 422),
    (RetryableError, 503),
    (OperationalError, 503),
    (InterfaceError, 503),
    (DataError, 422),
    (RecursionError, 422),  # a body of brackets in brackets
)


def _flat(detail: Any, prefix: str = "") -> dict[str, str]:
    """Nested errors of a serializer as dotted names."""
    if isinstance(detail, dict):
        found: dict[str, str] = {}
        for name, inner in detail.items():
            found |= _flat(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    if isinstance(detail, list) and any(isinstance(inner, dict) for inner in detail):
        found = {}
        for number, inner in enumerate(detail):
            found |= _flat(inner, f"{prefix}.{number}" if prefix else str(number))
        return found
    said = " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
    return {prefix or "request": said}
