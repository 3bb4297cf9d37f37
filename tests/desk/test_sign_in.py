"""Accounts: invited people sign in, others do not, and wrong passwords close the door for a while."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.desk.conftest import PASSWORD, new_client

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.core.mail import EmailMessage
    from django.test import Client

MailServer = Callable[[str], "list[EmailMessage]"]
pytestmark = pytest.mark.usefixtures("database")
NEW_PASSWORD = "another-long-password"


def sign_in(client: Client, email: str, password: str) -> int:
    return client.post("/accounts/login/", {"login": email, "password": password}).status_code


def test_an_invited_person_makes_an_account_and_is_signed_in(client_of: Callable[..., Client]) -> None:
    from django.contrib.auth.models import User

    page = client_of("admin").post("/people/invite/", {"email": "Olga@Example.com", "role": "moderator"})
    [path] = re.findall(r"/invite/[\w-]+/", page.content.decode())
    guest = new_client()
    assert guest.get(path).status_code == 200
    answer = guest.post(path, {"name": "Ольга", "password": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert answer.status_code == 302
    user = User.objects.get(email="olga@example.com")
    assert [group.name for group in user.groups.all()] == ["moderator"]
    assert guest.get("/moderation/").status_code == 200


def test_an_invitation_serves_once(database: str) -> None:

    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import AccountError, accept, invite

    token = invite("a@example.com", Role.ANNOTATOR)
    accept(token, NEW_PASSWORD)
    with pytest.raises(AccountError, match="used up"):
        accept(token, NEW_PASSWORD)
    assert new_client().get(f"/invite/{token}/").status_code == 410


def test_an_invitation_that_expired_or_was_replaced_opens_nothing(database: str) -> None:
    from vitrina.accounts.models import Invitation
    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import invite, open_invitation

    first = invite("b@example.com", Role.ANNOTATOR)
    second = invite("B@example.com", Role.MODERATOR)
    assert open_invitation(first) is None
    assert open_invitation(second) is not None
    Invitation.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert open_invitation(second) is None


def test_tokens_are_kept_as_hashes_only(database: str) -> None:
    from vitrina.accounts.models import Invitation
    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import invite

    token = invite("c@example.com", Role.ANNOTATOR)
    assert token not in str(Invitation.objects.values().get())


def test_nobody_signs_up_by_themselves(database: str) -> None:
    from django.contrib.auth.models import User

    form = {"email": "x@example.com", "password1": NEW_PASSWORD, "role": "admin"}
    assert new_client().post("/accounts/signup/", form).status_code in (302, 403)
    assert not User.objects.exists()


def test_a_weak_password_is_refused_with_the_reason(database: str) -> None:

    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import invite

    path = f"/invite/{invite('d@example.com', Role.ANNOTATOR)}/"
    answer = new_client().post(path, {"password": "12345", "password2": "12345"})
    assert answer.status_code == 422
    assert 'class="problem"' in answer.content.decode()


def test_five_wrong_passwords_close_the_account_from_there_also_for_the_right_one(person: Callable[..., User]) -> None:

    person("moderator")
    client = new_client()
    tries = [sign_in(client, "Moderator@example.com", f"wrong {n}") for n in range(5)]
    assert 429 in tries
    assert sign_in(client, "moderator@example.com", PASSWORD) == 429
    elsewhere = new_client(REMOTE_ADDR="10.1.2.3")
    assert sign_in(elsewhere, "moderator@example.com", PASSWORD) == 302


def test_without_a_mail_server_a_new_password_goes_through_an_administrator(
    person: Callable[..., User], client_of: Callable[..., Client]
) -> None:

    person("annotator")
    guest = new_client()
    assert guest.post("/accounts/password/reset/", {"email": "annotator@example.com"}).status_code == 302
    assert guest.post("/accounts/password/reset/", {"email": "unknown@example.com"}).status_code == 302
    admin = client_of("admin")
    page = admin.get("/people/").content.decode()
    [handing] = re.findall(r'action="(/people/reset/\d+/)"', page)
    [path] = re.findall(
        r'value="http://localhost(/accounts/password/reset/key/[^"]+)"', admin.post(handing).content.decode()
    )
    form_page = guest.get(path, follow=True)
    where = form_page.redirect_chain[-1][0]
    done = guest.post(where, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert done.status_code == 302
    assert sign_in(new_client(), "annotator@example.com", NEW_PASSWORD) == 302
    assert admin.post(handing).status_code == 409


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[EmailMessage]]:
    """A mail server that takes everything (``locmem``; its mails), or is away (``smtp``)."""
    from django.conf import settings
    from django.core import mail

    monkeypatch.setattr(mail, "outbox", [], raising=False)
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", 1)

    def be(kind: str) -> list[EmailMessage]:
        monkeypatch.setattr(settings, "EMAIL_BACKEND", f"django.core.mail.backends.{kind}.EmailBackend")
        return mail.outbox

    return be


def test_where_there_is_a_mail_server_an_invitation_is_mailed_and_shown(
    client_of: Callable[..., Client], mail_server: MailServer
) -> None:
    admin = client_of("admin")
    mailed = mail_server("locmem")
    page = admin.post("/people/invite/", {"email": "olga@example.com", "role": "annotator"}).content.decode()
    [path] = re.findall(r"/invite/[\w-]+/", page)
    assert "приглашение отправлено" in page.lower()
    [sent] = mailed
    assert sent.to == ["olga@example.com"]
    assert f"http://localhost{path}" in str(sent.body)
    mail_server("smtp")
    page = admin.post("/people/invite/", {"email": "petr@example.com", "role": "annotator"}).content.decode()
    assert "не принял приглашение" in page
    assert re.findall(r"/invite/[\w-]+/", page)


def test_where_the_mail_server_is_away_a_new_password_goes_through_an_administrator(
    person: Callable[..., User], client_of: Callable[..., Client], mail_server: MailServer
) -> None:
    person("annotator")
    mail_server("smtp")
    for email in ("annotator@example.com", "unknown@example.com"):
        assert new_client().post("/accounts/password/reset/", {"email": email}).status_code == 302
    assert re.findall(r'action="(/people/reset/\d+/)"', client_of("admin").get("/people/").content.decode())


def test_a_form_without_its_token_is_refused(person: Callable[..., User]) -> None:

    person("moderator")
    client = new_client(enforce_csrf_checks=True)
    assert sign_in(client, "moderator@example.com", PASSWORD) == 403


def test_browsers_are_told_to_run_nothing_from_elsewhere(database: str) -> None:

    headers = new_client().get("/accounts/login/").headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "unsafe" not in headers["Content-Security-Policy"]
