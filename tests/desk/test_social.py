"""Sign-in by a provider: for accounts and invitations, by verified addresses, against a provider on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import override_settings

from tests.desk.conftest import new_client

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("database")
CONFIGURED = override_settings(
    SOCIALACCOUNT_REQUESTS_TIMEOUT=120,
    SOCIALACCOUNT_PROVIDERS={"github": {"APPS": [{"client_id": "id", "secret": "hush"}], "SCOPE": ["user:email"]}},
)


class FakeGitHub:
    """Hands out one token, and says who somebody is: ``addresses`` are (address, verified)."""

    def __init__(self) -> None:
        self.addresses: list[tuple[str, bool]] = []
        self.asked: list[str] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.answer({"access_token": "t", "token_type": "bearer", "scope": "user:email"})

            def do_GET(self) -> None:
                if self.path.endswith("/emails"):
                    emails = [{"email": a, "verified": v, "primary": n == 0} for n, (a, v) in enumerate(fake.addresses)]
                    self.answer(emails)
                else:
                    self.answer({"id": 42, "login": "olga", "name": "Ольга", "email": None})

            def answer(self, body: Any) -> None:
                fake.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Tests say what went wrong themselves."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter

    fake = FakeGitHub()
    monkeypatch.setattr(GitHubOAuth2Adapter, "access_token_url", f"{fake.url}/token")
    monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{fake.url}/user")
    monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{fake.url}/user/emails")
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with CONFIGURED:
        yield fake
    fake.server.shutdown()
    fake.server.server_close()
    thread.join()


def come(client: Client, query: str = "") -> Any:
    """To the provider and back."""
    away = client.post(f"/accounts/github/login/{query}")
    assert away.status_code == 302
    state = parse_qs(urlsplit(away["Location"]).query)["state"][0]
    return client.get("/accounts/github/login/callback/", {"code": "c", "state": state})


def test_an_account_is_opened_by_its_verified_address(github: FakeGitHub, person: Callable[..., User]) -> None:
    person("moderator", "olga@example.com")
    github.addresses = [("other@example.com", False), ("Olga@Example.com", True)]
    client = new_client()
    assert come(client).status_code == 302
    assert client.get("/api/v1/me").json()["email"] == "olga@example.com"
    again = new_client()
    github.addresses = []
    assert come(again).status_code == 302
    assert again.get("/api/v1/me").json()["roles"] == ["moderator"]


def test_an_invitation_is_taken_up_with_its_role_once(github: FakeGitHub) -> None:
    from django.contrib.auth.models import User

    from vitrina.accounts.models import Invitation
    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import invite

    invite("olga@example.com", Role.ANNOTATOR)
    github.addresses = [("olga@example.com", True)]
    client = new_client()
    assert come(client).status_code == 302
    user = User.objects.get()
    assert (user.email, user.has_usable_password()) == ("olga@example.com", False)
    assert [group.name for group in user.groups.all()] == ["annotator"]
    assert Invitation.objects.get().used_at is not None


@pytest.mark.parametrize("verified", [True, False])
def test_nobody_else_comes_in_and_no_account_is_made(
    github: FakeGitHub, person: Callable[..., User], verified: bool
) -> None:
    from allauth.socialaccount.models import SocialAccount
    from django.contrib.auth.models import User

    person("admin", "admin@example.com")
    github.addresses = [("stranger@example.com", True)] if verified else [("admin@example.com", False)]
    client = new_client()
    answer = come(client)
    assert answer.status_code == 403
    assert client.get("/api/v1/me").status_code == 401
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_a_closed_account_and_an_expired_invitation_stay_closed(
    github: FakeGitHub, person: Callable[..., User]
) -> None:
    from datetime import UTC, datetime, timedelta

    from django.contrib.auth.models import User

    from vitrina.accounts.models import Invitation
    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import invite

    person("admin", "gone@example.com")
    User.objects.update(is_active=False)
    invite("late@example.com", Role.ADMIN)
    Invitation.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    github.addresses = [("gone@example.com", True), ("late@example.com", True)]
    assert come(new_client()).status_code == 403
    assert User.objects.count() == 1


def test_a_providers_account_is_not_joined_to_who_is_signed_in(
    github: FakeGitHub, client_of: Callable[..., Client]
) -> None:
    from allauth.socialaccount.models import SocialAccount

    github.addresses = [("stranger@example.com", True)]
    assert come(client_of("moderator"), "?process=connect").status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_provider_is_offered_where_it_is_configured_and_nowhere_else(github: FakeGitHub) -> None:
    assert "/accounts/github/login/" in new_client().get("/accounts/login/").content.decode()
    assert new_client().post("/accounts/google/login/").status_code == 404
    with override_settings(SOCIALACCOUNT_PROVIDERS={}):
        assert "github" not in new_client().get("/accounts/login/").content.decode()
        assert new_client().post("/accounts/github/login/").status_code == 404


def test_settings_offer_a_provider_with_both_its_values_alone() -> None:
    import os
    import subprocess
    import sys

    script = (
        "from django.conf import settings as s; import json;"
        "print(json.dumps([sorted(s.SOCIALACCOUNT_PROVIDERS),"
        " s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'], s.SOCIALACCOUNT_STORE_TOKENS]))"
    )
    given = {"GITHUB_CLIENT_ID": "a", "GITHUB_CLIENT_SECRET": "b", "GOOGLE_CLIENT_ID": "c"}
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | given, capture_output=True, text=True)
    assert json.loads(done.stdout) == [["github"], ["'self'", "https://github.com"], False], done.stderr
