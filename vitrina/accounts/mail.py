"""Mail of accounts: what is sent where a mail server is set, and what becomes of it where none is, or it fails.

Belongs here: the backend that sends nothing, sending an invitation. Stays out: mails for a new password (allauth's, by
``adapter``). No link reaches a log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext as _

#: What a mail server that is away, hangs or refuses raises.
NOT_SENT = (OSError, SMTPException)
_log = logging.getLogger(__name__)


class NoMailBackend(BaseEmailBackend):
    """Takes messages and sends none. What needs a person then is shown to an administrator."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002 - Django's
        """Nothing was sent."""
        return 0


def is_set() -> bool:
    """Whether there is a mail server."""
    return not str(settings.EMAIL_BACKEND).endswith("NoMailBackend")


def send_invitation(email: str, link: str, *, days: int) -> bool:
    """Mail an invitation's link, in the language of who invites. False where the server did not take it."""
    body = _("You are invited to the Vitrina desk. Choose a password here:")
    serves = _("The link serves once, for %(days)d days.") % {"days": days}
    try:
        send_mail(_("An invitation to Vitrina"), f"{body}\n\n{link}\n\n{serves}\n", None, [email])
    except NOT_SENT as error:
        told_of(error)
        return False
    return True


def invitation_words(*, sent: bool) -> str:
    """What the inviting person is told."""
    if sent:
        return _("The invitation was mailed. The link below is the same.")
    return _("The mail server did not take the invitation: hand the link over yourself.")


def told_of(error: Exception) -> None:
    """Note that a mail was not sent. Answers of servers may hold what was sent, so the kind of fault is all."""
    _log.warning("A mail was not sent: %s. Look at SMTP_HOST, SMTP_PORT, SMTP_USER.", type(error).__name__)
