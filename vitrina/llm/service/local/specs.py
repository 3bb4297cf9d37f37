"""Which local models there are: the setting SERVE_MODELS.

Belongs here: reading and checking it. Stays out: loading models.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vitrina.llm.outcomes import GatewayConfigError

_FORM = '{"my-model": {"path": "models/policy", "kind": "chat"}}'
_NEEDED = ("torch", "transformers")


class ModelSpec(BaseModel):
    """One local model.

    Attributes:
        path: A folder in the form of transformers, or an id of the Hugging Face hub. Weights must be safetensors.
        kind: ``chat`` (a causal language model) or ``embedding`` (an encoder).
        device: ``auto`` takes a GPU when there is one.
        dtype: ``auto`` takes what the weights are in.
        max_batch: Requests (texts for embeddings) that are worked on together.
        max_tokens: Most tokens of an answer, and what a request without a limit gets.
        context: Most tokens of prompt and answer; by default what the model says of itself.
        pooling: How an encoder's token vectors become one vector.
        prefix: Put before each text that is embedded (``"query: "`` and the like).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    path: str = Field(min_length=1)
    kind: Literal["chat", "embedding"] = "chat"
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_batch: int = Field(8, ge=1, le=256)
    max_tokens: int = Field(1024, ge=1)
    context: int | None = Field(None, ge=16)
    pooling: Literal["mean", "cls", "last"] = "mean"
    prefix: str = ""


def read_specs(value: str | None) -> list[ModelSpec]:
    """The models of SERVE_MODELS: JSON, or the path of a JSON or YAML file, that maps names to models.

    A text in the place of a model is its path. Relative paths in a file are taken from its folder when they lie there.

    Raises:
        GatewayConfigError: It cannot be read.
    """
    if value is None or not value.strip():
        return []
    base: Path | None = None
    try:
        if value.lstrip().startswith("{"):
            data = json.loads(value)
        else:
            base = Path(value).expanduser().absolute().parent
            data = yaml.safe_load(Path(value).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        told = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GatewayConfigError(f"SERVE_MODELS cannot be read: {told}.", hint=f"It has the form {_FORM}.") from error
    if not isinstance(data, dict) or not all(isinstance(name, str) and name.strip() for name in data):
        raise GatewayConfigError("SERVE_MODELS does not map names to models.", hint=f"It has the form {_FORM}.")
    return [_spec(name, entry, base) for name, entry in data.items()]


def _spec(name: str, entry: Any, base: Path | None) -> ModelSpec:
    values = {"path": entry} if isinstance(entry, str) else entry
    try:
        spec = TypeAdapter(ModelSpec).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        told = f"SERVE_MODELS, model {name!r}{f', {where}' if where else ''}: {first['msg']}."
        raise GatewayConfigError(told, hint=f"It has the form {_FORM}.") from error
    path = spec.path
    if base is not None and (base / path).is_dir():
        path = str(base / path)
    return spec.model_copy(update={"name": name, "path": path})


def missing_libraries() -> list[str]:
    """Libraries that local models need and that are not installed."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def demand_libraries() -> None:
    """Makes sure that local models can be loaded at all.

    Raises:
        GatewayConfigError: torch or transformers is missing.
    """
    if missing := missing_libraries():
        raise GatewayConfigError(
            f"SERVE_MODELS names local models, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            "not installed.",
            hint="`make train-env` adds them.",
        )
