"""JSON schemas as a server's strict mode takes them.

Belongs here: cutting a schema down to what one kind of server accepts, and undoing what that changed in the answer.
Pure; cached by the caller. Stays out: judging answers (validators see the full schema's demands, whatever was sent).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SCHEMA_KEYS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMA_MAPS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
#: llama.cpp writes a repetition out as grammar rules and refuses long ones (its own bound is 2,000).
_LONGEST_REPETITION = 1_000


@dataclass(slots=True, frozen=True)
class SchemaProfile:
    """What a server's structured output takes.

    Attributes:
        name: For messages and tests.
        drop: Keywords it refuses.
        closed: Every object must have ``additionalProperties: false`` and require all its properties; an optional
            property becomes one that may be null.
        object_root: The root must be an object.
        longest_repetition: ``minLength``, ``maxItems`` and the like above it are left out.
    """

    name: str
    drop: frozenset[str] = frozenset()
    closed: bool = False
    object_root: bool = False
    longest_repetition: int | None = None


#: As sent: for servers that take any JSON schema, and for our own.
AS_IS = SchemaProfile("as-is")
#: OpenAI's strict mode (its guide on structured outputs; string lengths and unlisted keywords give a 400).
OPENAI = SchemaProfile(
    "openai",
    drop=frozenset(
        {
            *("minLength", "maxLength", "default", "examples", "title", "$schema", "$id", "uniqueItems", "contains"),
            *("minContains", "maxContains", "patternProperties", "propertyNames", "minProperties", "maxProperties"),
            *("not", "if", "then", "else", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
            *("unevaluatedItems", "contentEncoding", "contentMediaType", "readOnly", "writeOnly", "deprecated"),
        }
    ),
    closed=True,
    object_root=True,
)
#: vLLM compiles to a grammar (xgrammar, guidance): these keywords it cannot.
VLLM = SchemaProfile(
    "vllm",
    drop=frozenset(
        {
            *("uniqueItems", "contains", "minContains", "maxContains", "patternProperties", "propertyNames"),
            *("multipleOf", "minProperties", "maxProperties", "$schema", "$id", "default", "examples"),
        }
    ),
)
#: llama.cpp, and Ollama and LM Studio on it: a grammar too.
LLAMACPP = SchemaProfile(
    "llamacpp",
    drop=frozenset(
        {
            *("uniqueItems", "contains", "minContains", "maxContains", "patternProperties", "propertyNames"),
            *("multipleOf", "minProperties", "maxProperties", "not", "if", "then", "else", "$schema", "$id"),
            *("default", "examples", "pattern", "dependentRequired", "dependentSchemas"),
        }
    ),
    longest_repetition=_LONGEST_REPETITION,
)
#: Gemini names the keywords that it takes; these are the common ones outside its list.
GEMINI = SchemaProfile(
    "gemini",
    drop=frozenset(
        {
            *("minLength", "maxLength", "pattern", "default", "examples", "$schema", "uniqueItems", "contains"),
            *("minContains", "maxContains", "patternProperties", "propertyNames", "minProperties", "maxProperties"),
            *("not", "if", "then", "else", "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "allOf"),
            *("dependentRequired", "dependentSchemas", "readOnly", "writeOnly", "deprecated", "const"),
        }
    ),
)


@dataclass(slots=True, frozen=True)
class Compiled:
    """A schema ready to send.

    Attributes:
        strict: False when the schema cannot keep the strict mode's rules (an object with free keys): it is sent
            without strictness, as guidance.
        nullable: Some optional property may come back as null where the full schema says "absent".
    """

    schema: Mapping[str, Any]
    strict: bool = True
    nullable: bool = False


def compile_schema(schema: Mapping[str, Any], profile: SchemaProfile) -> Compiled:
    """A copy of ``schema`` in what ``profile`` takes; order of keys is kept, since models write in that order."""
    state = _State(profile)
    done = state.walk(schema)
    strict = not state.open and not (profile.object_root and (done.get("type") != "object" or "anyOf" in done))
    if profile.closed and not strict:  # half closed would be refused or would forbid what the schema allows
        state = _State(SchemaProfile(profile.name, profile.drop, longest_repetition=profile.longest_repetition))
        done = state.walk(schema)
    return Compiled(done, strict, state.nullable)


class _State:
    def __init__(self, profile: SchemaProfile) -> None:
        self.profile = profile
        self.open = False
        self.nullable = False

    def walk(self, node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        out: dict[str, Any] = {}
        for key, value in node.items():
            if key == "const" and "const" in self.profile.drop:
                out["enum"] = [value]
            elif key in self.profile.drop or self._too_long(key, value):
                continue
            elif key in _SCHEMA_MAPS and isinstance(value, Mapping):
                out[key] = {name: self.walk(child) for name, child in value.items()}
            elif key in _SCHEMA_LISTS and isinstance(value, list):
                out[key] = [self.walk(child) for child in value]
            elif key in _SCHEMA_KEYS:
                out[key] = self.walk(value)
            else:
                out[key] = value
        return self._closed(out) if self.profile.closed else out

    def _too_long(self, key: str, value: Any) -> bool:
        bound = self.profile.longest_repetition
        repeats = key in ("minLength", "maxLength", "minItems", "maxItems")
        return bound is not None and repeats and isinstance(value, int) and value > bound

    def _closed(self, node: dict[str, Any]) -> dict[str, Any]:
        if "oneOf" in node and "anyOf" not in node:  # strict mode knows anyOf alone
            node = {("anyOf" if key == "oneOf" else key): value for key, value in node.items()}
        if "allOf" in node:
            self.open = True
        kind = node.get("type")
        if kind != "object" and not (isinstance(kind, list) and "object" in kind) and "properties" not in node:
            return node
        properties = node.get("properties")
        if not isinstance(properties, Mapping) or node.get("additionalProperties", False) not in (False, None):
            self.open = True
            return node
        required = set(node.get("required") or ())
        node["properties"] = {
            name: child if name in required else self._or_null(child) for name, child in properties.items()
        }
        node["required"] = list(properties)
        node["additionalProperties"] = False
        return node

    def _or_null(self, node: Any) -> Any:
        if not isinstance(node, Mapping) or takes_null(node):
            return node
        self.nullable = True
        kind = node.get("type")
        if isinstance(kind, str) and not {"enum", "const"} & node.keys():
            return {**node, "type": [kind, "null"]}
        return {"anyOf": [dict(node), {"type": "null"}]}


def takes_null(schema: Mapping[str, Any]) -> bool:
    """Whether the schema says that null is a value."""
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    if "enum" in schema:
        return isinstance(schema["enum"], list) and None in schema["enum"]
    branches = [*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())]
    return any(isinstance(branch, Mapping) and takes_null(branch) for branch in branches)


def drop_nulls(schema: Mapping[str, Any], value: Any) -> Any:
    """The answer without the nulls of optional properties that the full schema does not let be null.

    Follows ``properties`` and ``items``; references and alternatives are left as they came.
    """
    if isinstance(value, dict):
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = schema.get("required") or ()
        out = {}
        for name, child in value.items():
            rule = properties.get(name)
            if isinstance(rule, Mapping):
                if child is None and name not in required and not takes_null(rule):
                    continue
                child = drop_nulls(rule, child)
            out[name] = child
        return out
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        return [drop_nulls(items, child) for child in value]
    return value
