"""JSON as it leaves. Money is text: JSON's numbers are floats to most readers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class _Encoder(JSONEncoder):
    def default(self, obj: Any) -> Any:
        """DRF's encoder would make a float of a price."""
        return format(obj, "f") if isinstance(obj, Decimal) else super().default(obj)


class ApiJson(JSONRenderer):
    """``application/json``."""

    encoder_class = _Encoder
