"""People of the desk: invitations, accounts, links for a new password. For administrators."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from vitrina.accounts import mail, services
from vitrina.accounts.access import opens_for
from vitrina.accounts.models import Invitation, ResetRequest
from vitrina.accounts.roles import Access, Role
from vitrina.desk.asked import plain
from vitrina.desk.posted import posts_from
from vitrina.desk.refusals import refusal_words


@opens_for(Access.ADMIN)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, open invitations, and who needs a new password."""
    return render(request, "desk/people.html", lists())


@opens_for(Access.ADMIN)
@posts_from("people")
def invite_person(request: HttpRequest) -> HttpResponse:
    """Invite an address; the link is mailed where there is a mail server, and shown this once."""
    try:
        role = Role(request.POST.get("role", ""))
        token = services.invite(request.POST.get("email", ""), role, by=administrator(request))
    except services.AccountError as error:
        return render(request, "desk/people.html", lists() | {"problem": refusal_words(error)}, status=422)
    except ValueError:
        return render(request, "desk/people.html", lists() | {"problem": _("Choose a role.")}, status=422)
    link = request.build_absolute_uri(reverse("accept_invitation", args=[token]))
    email = request.POST.get("email", "").strip().lower()
    if mail.is_set():
        sent = mail.send_invitation(email, link, days=services.INVITATION_DAYS)
        messages.add_message(request, messages.SUCCESS if sent else messages.WARNING, mail.invitation_words(sent=sent))
    shown = {"link": link, "link_for": email, "link_kind": "invitation"}
    return render(request, "desk/people.html", lists() | shown)


@opens_for(Access.ADMIN)
@posts_from("people")
def hand_over_reset(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show the link by which somebody sets a new password."""
    try:
        user, path = services.handle_reset(request_id, by=administrator(request))
    except services.AccountError as error:
        return render(request, "desk/people.html", lists() | {"problem": refusal_words(error)}, status=409)
    shown = {"link": request.build_absolute_uri(path), "link_for": user.email, "link_kind": "password"}
    return render(request, "desk/people.html", lists() | shown)


@opens_for(Access.PUBLIC)
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link: choose a name and a password, and be signed in."""
    invitation = services.open_invitation(token)
    if invitation is None:
        return render(request, "accounts/invitation_over.html", status=410)
    problems: list[str] = []
    if request.method == "POST":
        password = request.POST.get("password", "")
        if password != request.POST.get("password2", ""):
            problems = [_("The two passwords differ.")]
        else:
            try:
                user = services.accept(token, password, plain(request.POST.get("name")))
            except ValidationError as error:
                problems = list(error.messages)
            except services.AccountError as error:
                problems = [refusal_words(error)]
            else:
                login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
                return redirect("home")
    context = {"invitation": invitation, "problems": problems, "name": request.POST.get("name", "")}
    return render(request, "accounts/accept_invitation.html", context, status=422 if problems else 200)


def administrator(request: HttpRequest) -> User:
    """Who asks."""
    assert isinstance(request.user, User)  # noqa: S101 - the page opens for people who signed in
    return request.user


def lists() -> dict[str, object]:
    """What the page lists."""
    return {
        "people": User.objects.filter(is_active=True).prefetch_related("groups").order_by("email"),
        "closed": User.objects.filter(is_active=False).order_by("email"),
        "invitations": Invitation.objects.filter(used_at__isnull=True).order_by("-created_at"),
        "resets": ResetRequest.objects.filter(handled_at__isnull=True).select_related("user").order_by("created_at"),
        "role_choices": list(Role),
    }
