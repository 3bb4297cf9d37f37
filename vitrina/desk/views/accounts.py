"""What an administrator does to an account or an invitation on the page of people (``vitrina.accounts.services``).

Belongs here: forms of one button each. Stays out: the page itself and inviting (``people``).
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from vitrina.accounts import services
from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access, Role
from vitrina.desk.posted import posts_from
from vitrina.desk.refusals import refusal_words
from vitrina.desk.views.people import administrator, lists


@opens_for(Access.ADMIN)
@posts_from("people")
def change_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a person another role."""
    user = get_object_or_404(User, pk=user_id)
    wanted = request.POST.get("role", "")
    if wanted not in {role.value for role in Role}:
        messages.error(request, _("Choose a role."))
        return redirect("people")
    said = _("%(email)s has another role now.") % {"email": user.email}
    return _done(request, lambda: services.change_role(user, Role(wanted), by=administrator(request)), said)


@opens_for(Access.ADMIN)
@posts_from("people")
def close_account(request: HttpRequest, user_id: int) -> HttpResponse:
    """End a person's sign-in and keys; what they decided stays."""
    user = get_object_or_404(User, pk=user_id)
    said = _("The account of %(email)s is closed.") % {"email": user.email}
    return _done(request, lambda: services.close_account(user, by=administrator(request)), said)


@opens_for(Access.ADMIN)
@posts_from("people")
def reopen_account(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let a person sign in again."""
    user = get_object_or_404(User, pk=user_id)
    said = _("The account of %(email)s is open again.") % {"email": user.email}
    return _done(request, lambda: services.reopen_account(user, by=administrator(request)), said)


@opens_for(Access.ADMIN)
@posts_from("people")
def withdraw_invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """End an invitation that nobody has used."""
    said = _("The invitation is withdrawn: its link serves no more.")
    return _done(request, lambda: services.withdraw_invitation(invitation_id, by=administrator(request)), said)


@opens_for(Access.ADMIN)
@posts_from("people")
def password_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show a link by which somebody sets a new password. It is kept nowhere: this answer alone has it."""
    user = get_object_or_404(User, pk=user_id)
    try:
        path = services.password_link(user, by=administrator(request))
    except services.AccountError as error:
        return render(request, "desk/people.html", lists() | {"problem": refusal_words(error)}, status=409)
    shown = {"link": request.build_absolute_uri(path), "link_for": user.email, "link_kind": "password"}
    return render(request, "desk/people.html", lists() | shown)


def _done(request: HttpRequest, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
    except services.AccountError as error:
        messages.error(request, refusal_words(error))
    else:
        messages.success(request, said)
    return redirect("people")
