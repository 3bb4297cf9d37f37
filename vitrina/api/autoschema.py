"""What drf-spectacular cannot see by itself: which of our views are lists.

Belongs here: the one class. Stays out: the decorator of operations (``schema``).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_list_serializer

from vitrina.api.views.lists import ListView


class ApiSchema(AutoSchema):
    """Filters and pages stand at every GET of a :class:`ListView`."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        if serializer is None:
            return self.method == "GET" and isinstance(self.view, ListView)
        return bool(is_list_serializer(serializer))
