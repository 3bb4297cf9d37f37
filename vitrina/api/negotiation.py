"""Which renderer answers: the view's one. What a client says it accepts changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneRenderer(DefaultContentNegotiation):
    """A browser that asks for pages gets JSON as well, instead of a 406."""

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - DRF's
        renderers: Sequence[Any],
        format_suffix: str | None = None,  # noqa: ARG002 - DRF's
    ) -> tuple[BaseRenderer, str]:
        """The first."""
        return renderers[0], renderers[0].media_type
