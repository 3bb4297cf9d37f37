"""Pages of long lists.

Belongs here: pages by cursor. There is no count: counting all rows took other tools longer than the page itself.
"""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination

from vitrina.desk.asked import whole

_NONE_OF_OURS = Cursor(offset=0, reverse=False, position="")


class ByCursor(CursorPagination):
    """Pages that stay true while rows are added; the next one costs as much as the first."""

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    cursor_query_description = "From `next` or `previous` of another page."
    page_size_query_description = "Rows a page, 50 by default, at most 200."

    def decode_cursor(self, request: Any) -> Any:
        """A cursor that we gave: its position is a key. Another is the caller's mistake, and not a missing page."""
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            cursor = _NONE_OF_OURS
        if cursor is not None and cursor.position is not None and whole(cursor.position) is None:
            raise ValidationError({"cursor": "It is none of ours; begin without it."})
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """As OpenAPI 3.1 says that there may be no such page; the framework's ``nullable`` is of 3.0."""
        found: dict[str, Any] = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            address = found["properties"][name]
            address.pop("nullable", None)
            address["type"] = ["string", "null"]
        return found
