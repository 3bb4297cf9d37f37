"""People of the desk, clients that are signed in, and the desk as a real server for the browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from playwright.sync_api import Browser

PASSWORD = "a-long-quiet-password"


@pytest.fixture
def person() -> Callable[..., User]:
    """Makes an account of a role."""

    def make(role: str, email: str = "") -> User:
        from django.contrib.auth.models import User

        from vitrina.accounts.roles import Role, give_role

        email = email or f"{role}@example.com"
        user = User.objects.create_user(email, email, PASSWORD)
        if role != "nobody":
            give_role(user, Role(role))
        return user

    return make


def new_client(**options: Any) -> Client:
    """A browser without a page: at the address that the desk allows."""
    from django.test import Client

    return Client(SERVER_NAME="localhost", **options)


@pytest.fixture
def client_of(person: Callable[..., User]) -> Callable[..., Client]:
    """A client that is signed in with a role."""

    def make(role: str) -> Client:
        client = new_client()
        client.force_login(person(role), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


@pytest.fixture
def maria(client_of: Callable[..., Client]) -> Client:
    """A moderator."""
    return client_of("moderator")


@pytest.fixture
def oleg(person: Callable[..., User]) -> Client:
    """Another moderator."""
    client = new_client()
    user = person("moderator", "oleg@example.com")
    user.first_name = "Олег Петров"
    user.save()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Tests say what went wrong themselves."""


@pytest.fixture
def desk() -> Iterator[str]:
    """The desk on loopback; its address."""
    from vitrina.project.wsgi import application

    with make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium. While it runs, Playwright keeps an event loop in this thread, which Django would refuse."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        running = playwright.chromium.launch(
            executable_path=path, timeout=120_000,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )  # fmt: skip
        yield running
        running.close()
