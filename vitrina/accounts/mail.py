"""Where no mail server is set: nothing is sent, and no link reaches a log."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class NoMailBackend(BaseEmailBackend):
    """Takes messages and sends none. What needs a person then is shown to an administrator."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002 - Django's
        """Nothing was sent."""
        return 0
