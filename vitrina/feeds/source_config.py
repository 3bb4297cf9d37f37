"""``drops/<source>/source.yaml``: what a person has said about a source.

Belongs here: the file's schema and clear errors. Stays out: the meaning of its settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from vitrina.errors import PermanentError
from vitrina.feeds.currencies import WORDS, iso_code
from vitrina.feeds.records import CANONICAL_FIELDS, SourceConfig
from vitrina.feeds.synonyms import ATTRIBUTE, IGNORE

_MAX_BYTES = 1_000_000
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class SourceConfigError(PermanentError):
    """``source.yaml`` cannot be used; the message lists every fault in it."""


class _SourceFile(BaseModel):
    """The file as it may be written."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    name: Name | None = None
    full_list: bool = False
    currency: str = "RUB"
    language: Literal["ru", "tr", "en"] | None = None
    mapping: dict[Name, Name] = Field(default_factory=dict, max_length=5_000)
    has_header: bool | None = None
    encoding: Name | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=3)] | None = None
    price_unit: Literal["major", "minor"] = "major"
    filler_prices: tuple[Name, ...] = ()

    @field_validator("mapping", mode="before")
    @classmethod
    def _text_keys(cls, value: Any) -> Any:
        """Column numbers may be written without quotes."""
        return {str(key): target for key, target in value.items()} if isinstance(value, dict) else value

    @field_validator("mapping")
    @classmethod
    def _known_targets(cls, value: dict[str, str]) -> dict[str, str]:
        for header, target in value.items():
            if target not in (*CANONICAL_FIELDS, ATTRIBUTE, IGNORE) and not target.startswith(f"{ATTRIBUTE}:"):
                raise ValueError(
                    f'"{header}" is mapped to "{target}"; it must be one of {", ".join(CANONICAL_FIELDS)}, '
                    f'"{ATTRIBUTE}:<name>" or "{IGNORE}"'
                )
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        code = iso_code(value)
        if code is None:
            raise ValueError(f'"{value}" is no currency we know; use an ISO code such as {", ".join(list(WORDS)[:4])}')
        return code


def load(path_or_text: Path | bytes | str, source: str) -> SourceConfig:
    """Read a source's settings.

    Args:
        path_or_text: A path (a missing file means defaults), or what the file holds.
        source: Name of the source, the folder under ``drops/``.

    Raises:
        SourceConfigError: Not YAML, not a mapping, an unknown key or a wrong value; all faults in one message.
    """
    where = f"source.yaml of {source}"
    if isinstance(path_or_text, Path):
        if not path_or_text.exists():
            return SourceConfig(source=source)
        path_or_text = path_or_text.read_bytes()
    if len(path_or_text) > _MAX_BYTES:
        raise SourceConfigError(f"{where} is larger than {_MAX_BYTES:,} bytes.")
    try:
        text = path_or_text if isinstance(path_or_text, str) else path_or_text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceConfigError(
            f"{where} is not UTF-8 (byte {error.start}).", hint="Save it as UTF-8, then retry the drop."
        ) from None
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SourceConfigError(f"{where} is not valid YAML: {' '.join(str(error).split())[:300]}") from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise SourceConfigError(f"{where} must be a list of `key: value` lines, not a {type(data).__name__}.")
    try:
        settings = _SourceFile.model_validate(data)
    except ValidationError as error:
        raise SourceConfigError(f"{where}: {_faults(error)}", hint="See docs/feeds.md for what it may say.") from None
    return SourceConfig(source=source, currency_is_set="currency" in settings.model_fields_set, **settings.model_dump())


def _faults(error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_url=False)[:10]:
        place = ".".join(str(part) for part in fault["loc"]) or "file"
        if fault["type"] == "extra_forbidden":
            faults.append(f"`{place}` is not a setting; settings are {', '.join(_SourceFile.model_fields)}")
        else:
            faults.append(f"`{place}`: {fault['msg'].removeprefix('Value error, ')}")
    return "; ".join(faults)
