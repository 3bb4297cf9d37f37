"""Prompt templates: Jinja files with a version, rendered in a sandbox.

Belongs here: loading, versions, rendering. Stays out: what any prompt says (the ``.j2`` files) and the values that
go into it (``prompts`` and its siblings).

The first line of each file is ``{#- version: 3 -#}``. A change of wording takes a new number: the version is part of
the fingerprint of everything written with it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vitrina.errors import PermanentError

TEMPLATES = Path(__file__).parent / "prompt_templates"

_VERSION = re.compile(r"\A\{#-?\s*version:\s*(\d+)\s*-?#\}")
_SUFFIX = ".j2"


class PromptError(PermanentError):
    """A template is missing, has no version, or asks for a value that was not given."""


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


@lru_cache(maxsize=100)
def version(*names: str) -> str:
    """``description_system.1+description_user.2``: names and version headers of the templates.

    Raises:
        PromptError: A file is missing or has no version header.
    """
    parts = []
    for name in names:
        path = TEMPLATES / f"{name}{_SUFFIX}"
        if not path.is_file():
            raise PromptError(f"There is no prompt template {name!r}.", hint=f"Put it at {path}.")
        header = _VERSION.match(path.read_text(encoding="utf-8"))
        if header is None:
            raise PromptError(f"{path.name} has no version.", hint="Begin the file with {#- version: 1 -#}.")
        parts.append(f"{name}.{header[1]}")
    return "+".join(parts)


def render(name: str, **values: Any) -> str:
    """The text of a template.

    Raises:
        PromptError: The template is missing, wrong, or lacks a value.
    """
    try:
        return _environment().get_template(f"{name}{_SUFFIX}").render(**values).strip()
    except TemplateError as error:
        raise PromptError(f"The prompt template {name!r} cannot be rendered: {error}") from error
