"""JSON Schemas of answers: checked before anything is sent, and the judge of what comes back.

Belongs here: reading a schema, judging a value by it, the words of the second call. Stays out: finding the JSON in an
answer (``vitrina.llm.structured``), what a server understands of a schema (the engine's ladder).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, relevance
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from vitrina.errors import PermanentError
from vitrina.llm.messages import ChatRequest, Message, canonical_json
from vitrina.llm.structured import Contract, InvalidAnswerError, parse_json

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WRAPPER = frozenset({"name", "schema", "strict", "description"})
_MAX_PROBLEMS = 10
_MAX_WORDS = 300
_MAX_SCHEMA_BYTES = 4 * 1024 * 1024


class BadSchema(ValueError):
    """No JSON Schema that an answer could be judged by."""


class BadSchemaFile(PermanentError):
    """The file of ``--schema`` cannot be used."""


@dataclass(slots=True, frozen=True)
class AnswerSchema:
    """A schema with its judge. ``strict`` says whether it keeps the rules of OpenAI's strict mode."""

    schema: Mapping[str, Any]
    name: str
    strict: bool
    validator: Validator = field(compare=False, repr=False)

    def problems(self, value: Any) -> tuple[str, ...]:
        """What is wrong with a value, a sentence each, the gravest first."""
        try:
            errors = sorted(self.validator.iter_errors(value), key=relevance, reverse=True)
        except (Unresolvable, RecursionError) as error:
            return (f"the schema could not be applied ({type(error).__name__})",)
        return tuple(_told(error) for error in errors[:_MAX_PROBLEMS])


def answer_schema(value: Any) -> AnswerSchema:
    """A schema from a request: a JSON Schema, or OpenAI's ``{"name": …, "schema": …}``.

    Raises:
        BadSchema: It is none.
    """
    if not isinstance(value, dict):
        raise BadSchema("a JSON Schema is an object")
    try:
        return _known(canonical_json(value))
    except TypeError as error:  # orjson writes 254 levels
        raise BadSchema("it is nested too deep") from error


def read_schema(path: Path) -> AnswerSchema:
    """The schema in a file.

    Raises:
        BadSchemaFile: There is none.
    """
    try:
        raw = path.read_bytes()[: _MAX_SCHEMA_BYTES + 1]
        if len(raw) > _MAX_SCHEMA_BYTES:
            raise BadSchema("it is larger than 4 MB")
        return answer_schema(orjson.loads(raw.removeprefix(b"\xef\xbb\xbf")))
    except OSError as error:
        raise BadSchemaFile(f"The schema {path} cannot be read: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadSchemaFile(f"The schema {path} is not valid JSON: {error.msg} ({where}).") from error
    except BadSchema as error:
        raise BadSchemaFile(f"The schema {path} cannot be used: {error}.") from error


# Files often carry the same schema in each of a million lines: making its judge takes 0.3 ms and more.
@lru_cache(maxsize=256)
def _known(raw: bytes) -> AnswerSchema:
    value = orjson.loads(raw)
    name, strict = value.get("title"), None
    if isinstance(value.get("schema"), dict) and set(value) <= _WRAPPER:
        name, strict, value = value.get("name", name), value.get("strict"), value["schema"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise BadSchema("its 'name' must be 1 to 64 letters, digits, _ or -")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        name = "answer"
    kind = validator_for(value, default=Draft202012Validator)
    try:
        kind.check_schema(value)
        _check_references(value)
    except SchemaError as error:
        raise BadSchema(_told(error)) from error
    except RecursionError as error:
        raise BadSchema("it is nested too deep") from error
    validator = kind(value, registry=Registry())  # an empty registry: jsonschema's own would fetch what is missing
    return AnswerSchema(value, name, _strict(value) if strict is None else bool(strict), validator)


def contract() -> Contract:
    """Judges each answer by the schema of its own request; a second call is told what was wrong."""
    return Contract(validate=_validate, repair=_repair, as_json=False)


def _validate(request: ChatRequest, text: Any) -> Any:
    schema = request.context.schema
    if schema is None:
        return text
    value, _ = parse_json(str(text), "")
    if problems := schema.problems(value):
        raise InvalidAnswerError(problems)
    return value


def _repair(request: ChatRequest, text: str, problems: tuple[str, ...]) -> Sequence[Message]:
    told = "\n".join(f"- {problem}" for problem in problems)
    ask = f"Your answer does not keep to the JSON schema:\n{told}\nAnswer again, with the corrected JSON alone."
    return [*request.messages, {"role": "assistant", "content": text}, {"role": "user", "content": ask}]


def _told(error: ValidationError | SchemaError) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    message = error.message if len(error.message) <= _MAX_WORDS else f"{error.message[:_MAX_WORDS]}…"
    return f"{where}: {message}" if where else message


def _check_references(value: dict[str, Any]) -> None:
    whole = Resource.from_contents(value, default_specification=DRAFT202012)
    resolver = Registry().with_resource("", whole).resolver()
    for reference in _references(value):
        if not reference.startswith("#"):
            raise BadSchema(f"it refers to {reference[:80]!r}, and nothing is fetched; put the part into '$defs'")
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise BadSchema(f"it refers to {reference[:80]!r}, which it does not hold") from error


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name in ("$ref", "$dynamicRef"):
            if isinstance(value.get(name), str):
                yield value[name]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _references(part)


def _strict(value: Any) -> bool:
    """Whether every object is closed and asks for all it names: OpenAI answers 400 to others in strict mode."""
    if isinstance(value, list):
        return all(_strict(part) for part in value)
    if not isinstance(value, dict):
        return True
    if value.get("type") == "object" or "properties" in value:
        names = value.get("properties")
        if value.get("additionalProperties") is not False or not isinstance(names, dict):
            return False
        if set(value.get("required") or ()) != set(names):
            return False
    return all(_strict(part) for part in value.values())
