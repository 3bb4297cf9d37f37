"""Batches, people and signed-in clients for the pages of comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.conftest import PASSWORD, browser, desk, new_client
from tests.review.conftest import make_batch, make_user
from vitrina.review import queue
from vitrina.review.comparing import decide_pair
from vitrina.review.models import Batch

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client

__all__ = ["HTMX", "PASSWORD", "browser", "desk", "make_batch", "token_in"]

#: What htmx adds to its requests.
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def person(database: str) -> Callable[..., User]:
    """Makes an account with a role (``""``: none) that can sign in."""

    def make(role: str = "annotator", name: str = "") -> User:
        user = make_user(role, name or None)
        user.email = f"{user.username}@example.com"
        user.set_password(PASSWORD)
        user.save()
        return user

    return make


@pytest.fixture(autouse=True)
def nothing_remembered(database: str) -> None:
    """Sizes of batches are remembered by number, and every test's first batch is number one."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def client_for(database: str) -> Callable[[User], Client]:
    """A client that is signed in as this person."""

    def make(user: User) -> Client:
        client = new_client(headers={"accept-language": "en"})
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


def token_in(response: Any) -> str:
    """The token of the pair that an answer shows; empty where it shows none."""
    page: HttpResponse = response
    found = re.search(r'name="token" value="([^"]+)"', page.content.decode())
    return found[1] if found is not None else ""


def answer(user: User, batch: Batch, count: int = 1, **how: Any) -> None:
    """Somebody answers pairs of a batch."""
    for _ in range(count):
        taken = queue.next_item(user, batch=batch)
        assert isinstance(taken, queue.Taken)
        decide_pair(user, taken.token, side=how.pop("side", "left"), **how)


def admin() -> User:
    """Who made the batches."""
    from django.contrib.auth.models import User

    return User.objects.filter(groups__name="admin").first()  # type: ignore[return-value]
