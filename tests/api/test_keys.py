"""Keys of the API: shown once, kept as hashes, expiring, revoked; and sessions with their CSRF token."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.desk.conftest import PASSWORD, new_client

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("database")
Callers = Callable[..., "Caller"]


def me(key: str) -> int:
    return new_client(headers={"Authorization": f"Bearer {key}"}).get("/api/v1/me").status_code


def test_a_key_opens_what_its_owner_may_open_and_nothing_of_it_is_stored(caller: Callers) -> None:
    from vitrina.accounts.models import ApiToken

    one = caller("moderator")
    assert one.get("me").json()["roles"] == ["moderator"]
    assert one.key.startswith("vit_")
    assert one.key not in str(ApiToken.objects.values().get())
    assert one.get("decisions").status_code == 403


def test_an_expired_revoked_or_unknown_key_opens_nothing(caller: Callers) -> None:
    from vitrina.accounts.models import ApiToken
    from vitrina.accounts.tokens import revoke_token

    one = caller()
    assert me(one.key) == 200
    assert me(one.key[:-1] + ("0" if one.key[-1] != "0" else "1")) == 401
    assert me("ключ".encode().decode("latin-1")) == 401
    ApiToken.objects.update(expiry=datetime.now(UTC) - timedelta(seconds=1))
    assert me(one.key) == 401
    ApiToken.objects.update(expiry=None)
    assert me(one.key) == 200
    assert revoke_token(one.user, ApiToken.objects.get().number)
    assert me(one.key) == 401


def test_a_closed_account_takes_its_keys_with_it(caller: Callers) -> None:
    one = caller()
    one.user.is_active = False
    one.user.save()
    assert me(one.key) == 401


def test_an_account_that_the_command_closes_is_closed_as_on_the_page(caller: Callers) -> None:
    from tests.cli.command import refusal, report
    from vitrina.accounts.models import ApiToken

    one, admin = caller("moderator"), caller("admin", "admin@example.com")
    assert report("user", "remove", one.user.email)["active"] is False
    assert list(ApiToken.objects.values_list("user", flat=True)) == [admin.user.pk]
    assert "no account" in refusal("user", "remove", one.user.email)
    assert "last administrator" in refusal("user", "remove", admin.user.email)


def test_a_key_makes_no_keys_and_lists_and_revokes_only_its_owners(caller: Callers) -> None:
    from vitrina.accounts.models import ApiToken

    one, other = caller(), caller("annotator", "b@example.com")
    refused = one.post("keys", {"name": "another"})
    assert refused.status_code == 403
    assert "sign in on the page /keys/" in refused.json()["message"]
    [row] = one.get("keys").json()["results"]
    assert "key" not in row
    foreign = ApiToken.objects.get(user=other.user).number
    assert one.call("delete", f"keys/{foreign}").status_code == 404
    assert one.call("delete", f"keys/{row['number']}").status_code == 204
    assert one.get("keys").status_code == 401


def test_a_session_makes_a_key_with_its_csrf_token_and_not_without(person: Callable[..., User]) -> None:
    person("annotator")
    client = new_client(enforce_csrf_checks=True)
    page = client.get("/accounts/login/").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"login": "annotator@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/accounts/login/", form).status_code == 302
    body = {"data": '{"name": "script"}', "content_type": "application/json"}
    refused = client.post("/api/v1/keys", **body)
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["message"]
    made = client.post("/api/v1/keys", headers={"X-CSRFToken": client.cookies["vitrina_csrf"].value}, **body)
    assert made.status_code == 201
    assert me(made.json()["key"]) == 200


def test_a_person_has_so_many_keys_at_most(person: Callable[..., User]) -> None:
    from vitrina.accounts.services import AccountError
    from vitrina.accounts.tokens import MOST_TOKENS, make_token

    user = person("annotator")
    for n in range(MOST_TOKENS):
        make_token(user, f"key {n}")
    with pytest.raises(AccountError, match="already"):
        make_token(user, "one more")


def test_the_page_shows_a_key_once(client_of: Callable[..., Client]) -> None:
    client = client_of("annotator")
    shown = client.post("/keys/", {"name": "night script", "days": "30"})
    key = shown.content.decode().split('value="vit_')[1].split('"')[0]
    assert me(f"vit_{key}") == 200
    page = client.get("/keys/").content.decode()
    assert "night script" in page
    assert key not in page
    [number] = re.findall(r"/keys/([\w-]+)/revoke/", page)
    assert client.post(f"/keys/{number}/revoke/").status_code == 302
    assert me(f"vit_{key}") == 401


def test_a_key_without_a_name_is_refused_on_the_page(client_of: Callable[..., Client]) -> None:
    answer = client_of("annotator").post("/keys/", {"name": " ", "days": "30"})
    assert answer.status_code == 422
    assert 'class="problem"' in answer.content.decode()


def test_the_command_makes_lists_and_revokes_keys(person: Callable[..., User]) -> None:
    from tests.cli.command import refusal, report

    person("annotator")
    made = report("user", "token", "annotator@example.com", "--name", "night script", "--json")
    assert me(made["key"]) == 200
    [row] = report("user", "tokens", "annotator@example.com", "--json")["keys"]
    assert (row["name"], "key" in row) == ("night script", False)
    assert "has no key" in refusal("user", "tokens", "annotator@example.com", "--revoke", "x")
    assert report("user", "tokens", "annotator@example.com", "--revoke", row["number"], "--json")["keys"] == []
    assert me(made["key"]) == 401
    assert "no account" in refusal("user", "token", "nobody@example.com", "--name", "x")
