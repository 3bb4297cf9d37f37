"""A fault of ours: the person is told in words, and the log has the trace, without any link that opens an account."""

from __future__ import annotations

import io
import logging

import pytest

from tests.desk.conftest import new_client

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the desk's processes write to their standard error."""
    [handler] = logging.getLogger("django").handlers
    written = io.StringIO()
    monkeypatch.setattr(handler, "stream", written)
    return written


@pytest.mark.parametrize("address", ["/invite/secret-token/", "/accounts/password/reset/key/3-secret-token/"])
def test_a_fault_is_in_the_log_with_its_trace_and_without_the_link(
    address: str, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError(f"{address} cannot be read")

    monkeypatch.setattr("vitrina.desk.views.people.services.open_invitation", fails)
    monkeypatch.setattr("allauth.account.views.UserTokenForm", fails)
    answer = new_client(raise_request_exception=False).get(address)
    assert answer.status_code == 500
    said = log.getvalue()
    assert "ERROR django.request: Internal Server Error" in said
    assert "RuntimeError" in said
    assert "in fails" in said
    assert "secret" not in said


def test_what_is_refused_is_no_news_to_the_log(log: io.StringIO) -> None:
    assert new_client().get("/no-such-page/").status_code == 404
    assert log.getvalue() == ""
