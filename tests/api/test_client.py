"""A client that knows the OpenAPI description alone: it calls every GET, and what comes has the shape that was said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_description import description

if TYPE_CHECKING:
    from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("database")


def validator() -> Callable[[dict[str, Any], Any], list[str]]:
    """What is wrong with a value by a schema of the description."""
    from openapi_schema_validator import OAS31Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    whole = Resource(contents=description(), specification=DRAFT202012)
    registry = Registry().with_resource("urn:api", whole)

    def wrong(schema: dict[str, Any], value: Any) -> list[str]:
        known = json.loads(json.dumps(schema).replace("#/components", "urn:api#/components"))
        errors = OAS31Validator(known, registry=registry).iter_errors(value)
        return [f"{error.json_path} {error.message}"[:300] for error in errors]

    return wrong


def gets(values: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Addresses of every GET with its arguments filled in."""
    for path, methods in description()["paths"].items():
        if "get" in methods:
            yield path.removeprefix("/api/v1/").format_map(values), methods["get"]


@pytest.mark.slow
def test_every_get_is_called_by_its_description_and_answers_in_its_shape(caller: Callable[..., Caller]) -> None:
    from vitrina.content.models import DescriptionTemplate
    from vitrina.review.models import Batch
    from vitrina.screenshots.seeding import seed

    arguments = seed(products=12, pairs=8).arguments
    values = {
        "id": arguments["product_id"], "product_id": arguments["product_id"], "version_id": arguments["version_id"],
        "item_id": arguments["item_id"], "batch_id": arguments["batch_id"],
        "name": DescriptionTemplate.objects.values_list("name", flat=True)[0],
        "run_id": "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11",
        "guidelines_id": str(Batch.objects.values_list("guidelines", flat=True)[0]),
    }  # fmt: skip
    me, wrong = caller("admin"), validator()
    called, found = set(), []
    for path, operation in gets(values):
        answer = me.get(path)
        said = operation["responses"].get(str(answer.status_code))
        called.add(answer.status_code)
        if said is None:
            found.append(f"{path}: {answer.status_code} was not said")
            continue
        kind = answer.get("Content-Type", "").partition(";")[0]
        content = said.get("content", {})
        if answer.getvalue() and kind not in content:
            found.append(f"{path}: {kind} was not said")
        elif kind in {"application/json", "application/problem+json"}:
            found += [f"{path}: {line}" for line in wrong(content[kind]["schema"], answer.json())]
        assert answer.status_code in {200, 204, 422, 503}, (path, answer.status_code)
    assert found == [], "\n".join(found)
    assert {200, 503} <= called
