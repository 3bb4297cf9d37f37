"""Sign-in by Google or GitHub: for people who have an account or an invitation, and for nobody else.

Belongs here: who is let in when a provider has said whose address it is. Stays out: the providers' protocols (allauth).
"""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.shortcuts import render

from vitrina.accounts.services import accept_address


class InvitedSocialAdapter(DefaultSocialAccountAdapter):
    """An address that the provider has verified opens the account that it belongs to, or takes up its invitation."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002 - allauth's
        """Never: a provider makes no accounts by itself."""
        return False

    def get_app(self, request: HttpRequest, provider: Any, client_id: Any = None) -> SocialApp:
        """The configured application; a 404 where there is none."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist:
            raise Http404 from None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Join the provider's account to ours, before anything else happens.

        Raises:
            ImmediateHttpResponse: The page that says no.
        """
        if sociallogin.state.get("process", AuthProcess.LOGIN) != AuthProcess.LOGIN:
            raise ImmediateHttpResponse(_refused(request))
        if sociallogin.is_existing:
            return
        addresses = [found.email.strip().lower() for found in sociallogin.email_addresses if found.verified]
        user = _account(addresses) or _invited(addresses, str(sociallogin.user.first_name or ""))
        if user is None:
            raise ImmediateHttpResponse(_refused(request))
        sociallogin.connect(request, user)


def _account(addresses: list[str]) -> User | None:
    for address in addresses:
        found = User.objects.filter(email__iexact=address, is_active=True).first()
        if found is not None:
            return found
    return None


def _invited(addresses: list[str], name: str) -> User | None:
    for address in addresses:
        made = accept_address(address, name)
        if made is not None:
            return made
    return None


def _refused(request: HttpRequest) -> Any:
    return render(request, "accounts/not_invited.html", status=403)
