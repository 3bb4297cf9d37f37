"""Checks of the services that settings may name: objects, vectors, language models; and what a finding is.

What belongs here: asking each once, cheaply and without a paid call. What stays out: the checks of this machine
(``doctor_checks``).
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from vitrina.config import Settings
from vitrina.errors import VitrinaError

if TYPE_CHECKING:
    from vitrina.objects import ObjectStore

SECONDS = 8


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw, and what to do about it (empty when nothing)."""

    name: str
    level: Level
    found: str
    fix: str = ""


def _get(name: str, url: str, headers: dict[str, str], key_setting: str) -> tuple[Finding, Any]:
    """Ask for a JSON answer. The finding is good for any answer but a refused key; the answer may be None."""
    where = urlsplit(url)
    if where.scheme not in {"http", "https"} or not where.hostname:
        return Finding(name, Level.BAD, f"{url!r} is no address", "Write it as http://host:port or https://host."), None
    place = where.hostname + (f":{where.port}" if where.port else "")
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http or https, checked above
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in {401, 403}:
            return Finding(name, Level.BAD, f"{place} refuses the key ({error.code})", f"Mend {key_setting}."), None
        return Finding(name, Level.GOOD, f"{place} answers ({error.code})"), None
    except ValueError:
        return Finding(name, Level.WARNING, f"{place} answers, but not in JSON", "Check the address."), None
    except OSError as error:
        reason = getattr(error, "reason", error)
        return Finding(name, Level.BAD, f"{place}: {reason}", "Check the address and that it runs."), None
    return Finding(name, Level.GOOD, f"{place} answers"), said


def objects(settings: Settings) -> Iterator[Finding]:
    """Bucket or folder: list the drops area."""
    from vitrina.objects.store import open_store

    try:
        store = open_store(settings)
        next(iter(store.list("drops/")), None)
        yield Finding("objects", Level.GOOD, store.describe())
        yield from _not_public(settings, store)
    except VitrinaError as error:
        yield Finding("objects", Level.BAD, error.message, error.hint or "Check the S3_* settings.")


def _not_public(settings: Settings, store: ObjectStore) -> Iterator[Finding]:
    """Below CDN_PREFIX the world must find what the shop shows, and neither originals with their EXIF nor drops."""
    from vitrina.images.keys import ORIGINALS, PUBLIC

    if not settings.cdn_prefix:
        return
    for prefix, what in ((ORIGINALS, "originals of pictures, with their EXIF"), ("drops/", "drops")):
        first = next(iter(store.list(prefix)), None)
        if first is None:
            continue
        request = urllib.request.Request(settings.cdn_prefix + quote(first.key), headers={"Range": "bytes=0-0"})  # noqa: S310 - http or https, says the setting
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                page = answer.headers.get_content_type() == "text/html"  # some say "not found" with a page and a 200
        except (OSError, ValueError):  # refused, not there, or nobody answers: not public
            continue
        if not page:
            yield Finding("CDN_PREFIX", Level.BAD, f"everybody can read the {what}",
                          f"Let it give out {', '.join(PUBLIC)} alone (docs/images.md).")  # fmt: skip


def vectors(settings: Settings) -> Iterator[Finding]:
    """The Qdrant server and its key, or the embedded index."""
    if not settings.qdrant_url:
        yield Finding("vectors", Level.GOOD, "embedded index")
        return
    key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else ""
    url = f"{settings.qdrant_url.rstrip('/')}/collections"
    found, _ = _get("vectors (QDRANT_URL)", url, {"api-key": key} if key else {}, "QDRANT_API_KEY")
    yield found


def models(settings: Settings) -> Iterator[Finding]:
    """The endpoint lists its models; asking it to write would cost money."""
    if not settings.openai_base_url:
        yield Finding("language model", Level.GOOD, "embedded offline writer; no key is needed")
        return
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    url = f"{settings.openai_base_url.rstrip('/')}/models"
    found, said = _get("language model (OPENAI_BASE_URL)", url, {"Authorization": f"Bearer {key}"} if key else {},
                       "OPENAI_API_KEY")  # fmt: skip
    yield found
    if settings.ai_model == "vitrina-offline":
        yield Finding("language model name", Level.BAD, "AI_MODEL is the offline writer's name",
                      "Set AI_MODEL to a model of that endpoint.")  # fmt: skip
        return
    rows = said.get("data") if isinstance(said, dict) else None
    names = {row.get("id") for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()
    for setting, model in (("AI_MODEL", settings.ai_model), ("AI_EMBEDDING_MODEL", settings.ai_embedding_model)):
        if names and model and model not in names:
            yield Finding(setting, Level.WARNING, f"the endpoint does not list {model}",
                          "Check the name, or load the model there.")  # fmt: skip
