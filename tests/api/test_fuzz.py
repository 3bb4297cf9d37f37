"""Hostile and odd requests by the description itself: never a 5xx, never an answer that is not described."""

from __future__ import annotations

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
