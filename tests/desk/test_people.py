"""The page of people: roles, closing and opening accounts, invitations, links for a new password."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.desk.conftest import new_client

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client


pytestmark = pytest.mark.usefixtures("database")


def said(client: Client, path: str, **form: str) -> str:
    """What the page of people says after a form: posted, redirected, shown."""
    answer = client.post(path, form, follow=True)
    assert [where for where, _ in answer.redirect_chain] == ["/people/"]
    return answer.content.decode()


def test_an_account_gets_another_role_is_closed_and_opened_again(
    person: Callable[..., User], client_of: Callable[..., Client]
) -> None:
    from vitrina.accounts.models import ApiToken
    from vitrina.accounts.roles import Role, roles_of
    from vitrina.accounts.tokens import make_token

    admin, user = client_of("admin"), person("annotator")
    make_token(user, "key")
    assert f'action="/people/{user.pk}/role/"' in admin.get("/people/").content.decode()
    said(admin, f"/people/{user.pk}/role/", role="moderator")
    assert roles_of(type(user).objects.get(pk=user.pk)) == {Role.MODERATOR}
    assert 'class="toast error"' in said(admin, f"/people/{user.pk}/role/", role="king")

    page = said(admin, f"/people/{user.pk}/close/")
    user.refresh_from_db()
    assert not user.is_active
    assert not ApiToken.objects.filter(user=user).exists()
    assert f'action="/people/{user.pk}/reopen/"' in page
    assert f'action="/people/{user.pk}/role/"' not in page
    assert admin.post(f"/people/{user.pk}/password/").status_code == 409
    said(admin, f"/people/{user.pk}/reopen/")
    user.refresh_from_db()
    assert user.is_active


def test_the_last_administrator_stays(person: Callable[..., User], client_of: Callable[..., Client]) -> None:
    from django.contrib.auth.models import User

    admin = client_of("admin")
    me = User.objects.get(groups__name="admin")
    for path, form in ((f"/people/{me.pk}/close/", {}), (f"/people/{me.pk}/role/", {"role": "annotator"})):
        page = admin.post(path, form, follow=True, headers={"accept-language": "en"}).content.decode()
        assert "This is the last administrator" in page
    me.refresh_from_db()
    assert me.is_active


def test_a_withdrawn_invitation_serves_no_more(client_of: Callable[..., Client]) -> None:
    from vitrina.accounts.models import Invitation

    admin = client_of("admin")
    invited = admin.post("/people/invite/", {"email": "olga@example.com", "role": "moderator"}).content.decode()
    [path] = re.findall(r'value="http://localhost(/invite/[^"]+)"', invited)
    [withdrawing] = re.findall(r'action="(/people/invitations/\d+/withdraw/)"', invited)
    assert "olga@example.com" not in said(admin, withdrawing)
    assert new_client().get(path).status_code == 410
    assert not Invitation.objects.exists()
    said(admin, withdrawing)


def test_an_administrator_makes_a_link_for_a_new_password(
    person: Callable[..., User], client_of: Callable[..., Client]
) -> None:
    from vitrina.accounts.models import ResetRequest
    from vitrina.accounts.services import ask_for_reset

    admin, user = client_of("admin"), person("annotator")
    ask_for_reset(user)
    page = admin.post(f"/people/{user.pk}/password/").content.decode()
    [path] = re.findall(r'value="http://localhost(/accounts/password/reset/key/[^"]+)"', page)
    assert new_client().get(path, follow=True).status_code == 200
    assert not ResetRequest.objects.filter(handled_at__isnull=True).exists(), "what they had asked for is done with"
