"""The OpenAPI description: whole, without warnings, and true of what is answered."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("database")


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    from django.core.management import call_command

    out = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", "--fail-on-warn", "--validate", stdout=out)
    return dict(json.loads(out.getvalue()))


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_it_is_valid_and_nothing_in_it_is_guessed(database: str) -> None:
    assert description()["openapi"].startswith("3.1")


def test_every_operation_says_401_403_and_429_with_the_one_body_of_errors(database: str) -> None:
    lacking = []
    for name, operation in operations():
        for status in ("401", "403", "429"):
            content = operation["responses"].get(status, {}).get("content", {}).get("application/problem+json", {})
            if content.get("schema") != {"$ref": "#/components/schemas/Problem"} or not content.get("examples"):
                lacking.append((name, status))
    assert lacking == []


def test_every_operation_has_an_example_of_what_it_takes_and_of_what_it_answers(database: str) -> None:
    lacking = []
    for name, operation in operations():
        answers = [said for code, said in operation["responses"].items() if code.startswith("2")]
        shown = [media for said in answers for media in said.get("content", {}).values()]
        if any(not media.get("examples") for media in shown):
            lacking.append((name, "answer"))
        taken = operation.get("requestBody", {}).get("content", {})
        if taken and not any(media.get("examples") for media in taken.values()):
            lacking.append((name, "request"))
    assert lacking == []


def test_examples_are_of_the_shape_that_they_stand_for(database: str) -> None:
    from openapi_schema_validator import OAS31Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    whole = Resource(contents=description(), specification=DRAFT202012)
    registry = Registry().with_resource("urn:api", whole)

    def check(media: dict[str, Any], where: str) -> Iterator[str]:
        schema = json.loads(json.dumps(media["schema"]).replace("#/components", "urn:api#/components"))
        for example in media.get("examples", {}).values():
            for error in OAS31Validator(schema, registry=registry).iter_errors(example["value"]):
                yield f"{where}: {error.json_path} {error.message}"[:300]

    wrong: list[str] = []
    for name, operation in operations():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            wrong += check(media, f"{name} request")
        for code, said in operation["responses"].items():
            for media in said.get("content", {}).values():
                wrong += check(media, f"{name} {code}")
    assert wrong == []


def test_operations_have_names_of_their_own(database: str) -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names)) > 40


def test_it_is_read_by_who_signed_in_and_by_nobody_else(caller: Callable[..., Caller]) -> None:
    from tests.desk.conftest import new_client

    assert new_client().get("/api/v1/schema").status_code == 401
    answer = caller("annotator").get("schema")
    assert answer.status_code == 200
    assert "/api/v1/items/next" in answer.json()["paths"]


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_its_pages_load_files_of_the_desk_alone(client_of: Callable[..., Client], page: str) -> None:
    from tests.desk.conftest import new_client

    assert new_client().get(f"/api/v1/{page}").status_code == 302
    client = client_of("annotator")
    answer = client.get(f"/api/v1/{page}")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "://" not in text
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    files = [part.split('"')[0] for mark in ('src="', 'href="') for part in text.split(mark)[1:]]
    loaded = [client.get(file) for file in files]
    assert all(answer.status_code == 200 for answer in loaded)
    scripts = [answer.getvalue() for file, answer in zip(files, loaded, strict=True) if file.endswith(".js")]
    assert scripts
    assert not any(b"cdn.redoc.ly" in script for script in scripts)


def test_an_unknown_address_is_a_problem_and_no_page(caller: Callable[..., Caller]) -> None:
    answer = caller().get("nothing/here")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
