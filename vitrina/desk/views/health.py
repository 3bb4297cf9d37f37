"""Whether the desk answers and reaches its database."""

from __future__ import annotations

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access


@opens_for(Access.PUBLIC)
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "the database is out of reach"}, status=503)
    return JsonResponse({"status": "ok"})
