"""Uploads that are bounded before they are taken: a request that is too large is told so, and is not kept.

Belongs here: the decorator of upload pages. Stays out: what is done with the files.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from vitrina.desk.asked import whole

View = Callable[..., HttpResponse]
#: A body of so many times the limit is not even read to its end.
_HOPELESS = 10


class _Counting(FileUploadHandler):
    """First of a request's handlers: counts the bytes of all its files and stops them at the limit."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most, self.seen, self.over = most, 0, False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002 - Django's signature
        self.seen += len(raw_data)
        if self.seen > self.most:
            self.over = True
            # The rest is read and thrown away: a browser whose connection is cut shows no page at all.
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""


def bounded_upload(most: Callable[[], int], refuse: Callable[[HttpRequest], HttpResponse]) -> Callable[[View], View]:
    """A page whose POST may carry so many bytes of files; beyond that ``refuse`` answers.

    The limit must stand before the body is read, and looking for the CSRF token reads it: so the check of the token is
    done here, after that.
    """

    def wrap(view: View) -> View:
        protected = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return protected(request, *args, **kwargs)
            limit = most()
            declared = whole(request.META.get("CONTENT_LENGTH") or "0")
            if declared is None or declared > _HOPELESS * limit:
                return refuse(request)
            counting = _Counting(request, limit)
            request.upload_handlers.insert(0, counting)
            try:
                request.POST  # noqa: B018 - reads the body
            except (TooManyFilesSent, RequestDataTooBig, MultiPartParserError):
                return refuse(request)
            return refuse(request) if counting.over else protected(request, *args, **kwargs)

        return bounded

    return wrap
