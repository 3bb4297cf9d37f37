"""How allauth behaves here: nobody signs up by themselves, and a new password may come through an administrator."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import User
from django.http import HttpRequest

from vitrina.accounts import mail
from vitrina.accounts.services import ask_for_reset


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed: people are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the signature of allauth
        """Never: accounts are made from invitations."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it. Where no mail can be sent, a wish for a new password goes onto the administrators' list."""
        if mail.is_set():
            try:
                super().send_mail(template_prefix, email, context)
            except mail.NOT_SENT as error:
                mail.told_of(error)
            else:
                return
        user = context.get("user")
        if "password_reset_key" in template_prefix and isinstance(user, User):
            ask_for_reset(user)
