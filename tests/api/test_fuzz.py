"""Hostile and odd requests by the description itself: never a 5xx, never an answer that is not described."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from vitrina.review.models import Batch

#: Answers to files are no JSON, and files themselves have no shape: ``test_files`` has them.
FILES = {"pairs_import", "votes_import", "decisions_export", "items_export"}
#: Speaks to Dagster, which is not there.
ELSEWHERE = {"runs_one"}
CHECKS = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
)
SETTINGS = settings(
    max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def described(database: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The description, with the application that it is of."""
    from vitrina.config import get_settings

    monkeypatch.setenv("API_RATE_PER_MINUTE", "100000")
    monkeypatch.setenv("API_WORK_RATE_PER_MINUTE", "100000")
    get_settings.cache_clear()
    from tests.api.test_description import description
    from vitrina.project.wsgi import application

    schema = schemathesis.openapi.from_dict(description())
    schema.app = application
    return schema


LISTS = ("items", "products", "decisions", "logs", "templates", "flags")
#: Positions that no page of ours names, as ``ByCursor`` would read them.
POSITIONS = (b"p=abc", b"p=%00", b"p=", b"p=-1", b"p=" + b"9" * 40, b"p=1.5", "p=²".encode(), b"o=-1", b"r=x", b"\xff")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("position", POSITIONS)
def test_a_cursor_that_is_none_of_ours_is_the_callers_mistake(caller: Callable[..., Caller], position: bytes) -> None:
    admin = caller("admin", "admin@example.com")
    admin.client.raise_request_exception = False
    for path in LISTS:
        answer = admin.get(path, cursor=b64encode(position).decode())
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["cursor"]), path


@pytest.mark.usefixtures("database")
def test_brackets_in_brackets_are_no_failure_of_ours(
    caller: Callable[..., Caller], batch: Callable[..., Batch]
) -> None:
    admin, work = caller("admin", "admin@example.com"), batch(1)
    admin.client.raise_request_exception = False
    deep = "[" * 50_000
    assert admin.call("post", "batches", deep).status_code in {400, 422}
    for facts in (deep, "[" * 500 + "]" * 500, '{""a"": NaN}', '{""a"": ""\\u0000""}', '{""a"": ""\\ud800""}'):
        sent = f'first,second,facts\r\nодин,два,"{facts}"\r\n'
        answer = admin.post(f"batches/{work.pk}/pairs", sent, media="text/csv")
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["line 2"]), facts[:30]
    lines = '{"first": "один", "second": "два", "facts": {"a": ' + "[" * 500 + "]" * 500 + "}}"
    assert admin.post(f"batches/{work.pk}/pairs", lines, media="application/x-ndjson").status_code == 422


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"])
def test_no_request_fails_on_our_side_and_every_answer_is_described(
    described: Any, caller: Callable[..., Caller], batch: Callable[..., Batch], mode: GenerationMode
) -> None:
    batch(5)
    admin = caller("admin", "admin@example.com")
    headers = {"Authorization": f"Bearer {admin.key}", "Host": "localhost"}
    seen, wrong = 0, []
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.definition.raw["operationId"] in FILES | ELSEWHERE:
            continue
        seen += 1

        @SETTINGS
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            call()
        except (Exception, BaseExceptionGroup) as failure:  # noqa: BLE001 - all of them are told at once
            wrong.append(f"{operation.label}: {failure}"[:1_500])
    assert seen > 40
    assert not wrong, "\n\n".join(wrong)
