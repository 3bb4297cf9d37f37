"""Which skills and embedders the embedded service has.

Belongs here: names of schemas and the functions that answer them, imported at the first question. Stays out: the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from vitrina.config import Settings, get_settings
from vitrina.llm.config import EMBEDDED_ENDPOINT, EMBEDDED_MODEL
from vitrina.llm.outcomes import GatewayConfigError
from vitrina.llm.service.app import Embed, EmbeddedService, Embedders
from vitrina.llm.service.local.causal import CausalChat
from vitrina.llm.service.local.encoder import Encoder
from vitrina.llm.service.local.specs import read_specs
from vitrina.llm.service.wire import ApiError
from vitrina.llm.transport import AsgiApp

#: Stands for the fit that is active now.
ACTIVE_EMBEDDER = f"{EMBEDDED_MODEL}-embedding"


def product_description(request: dict[str, Any]) -> str:
    """Composes a description from the facts in the prompt (the offline writer)."""
    from vitrina.content.offline_writer import answer_chat

    return answer_chat(request)


def product_category(request: dict[str, Any]) -> str:
    """Chooses among the candidate categories in the prompt."""
    from vitrina.categories.offline import answer_chat

    return answer_chat(request)


def product_card(request: dict[str, Any]) -> str:
    """Composes a short card from the facts in the prompt; the seed chooses structure, order and tone."""
    from vitrina.content.card_writer import answer_chat

    return answer_chat(request)


SKILLS = {
    "product_description": product_description,
    "product_category": product_category,
    "product_card": product_card,
}


class FittedEmbedders:
    """Fits of the object store by their id; :data:`ACTIVE_EMBEDDER` is the one that the database says is active."""

    def names(self) -> list[str]:
        """The name of the active fit and the ids of all; nothing where nothing was fitted yet."""
        from vitrina.objects import open_store
        from vitrina.vectors.fits import fit_ids

        fits = fit_ids(open_store(get_settings()))
        return [ACTIVE_EMBEDDER, *fits] if fits else []

    def find(self, name: str) -> tuple[str, Embed] | None:
        """See :class:`vitrina.llm.service.app.Embedders`."""
        from vitrina.objects import open_store
        from vitrina.vectors.fits import load_fit

        fit = load_fit(open_store(get_settings()), _active_fit() if name == ACTIVE_EMBEDDER else name)
        return None if fit is None else (fit.id, lambda texts: fit.embed(texts).tolist())


def _active_fit() -> str:
    """The id of the active fit, empty when there is none.

    Raises:
        ApiError: The database does not answer (503).
    """
    from vitrina.project.database import DatabaseUnavailable, database_url
    from vitrina.project.setup import setup_django

    try:
        database_url(get_settings())
    except DatabaseUnavailable:  # never started here: nothing was fitted
        return ""
    setup_django()
    from django.db import OperationalError, ProgrammingError, connection

    from vitrina.vectors.models import DenseModel

    try:
        row = DenseModel.objects.filter(endpoint=EMBEDDED_ENDPOINT, is_active=True).first()
    except ProgrammingError:  # its table is not there yet
        return ""
    except OperationalError as error:
        told = "The database, which names the active embedder, does not answer; a fit can be named by its id."
        raise ApiError(503, told, "unavailable", retry=True) from error
    finally:
        connection.close()  # this thread's own: nobody else would close it
    return row.embedder_id if row is not None else ""


def cache_scope() -> str:
    """Changes with the skills and their lexicon: answers of a former version are not taken for today's."""
    from vitrina.categories import offline
    from vitrina.content import card_writer, offline_writer

    versions = (str(module.VERSION) for module in (offline_writer, card_writer, offline))
    return f"{EMBEDDED_ENDPOINT}/{'/'.join(versions)}/{lexicon_digest()}"


def lexicon_digest() -> str:
    """Hash of the lexicon's files: they are read again only when a file's size or time changed (0.3 ms else)."""
    from vitrina.lexicon.lexicon import BUILT_IN

    extra = get_settings().vitrina_lexicon
    files: list[Path] = []
    for folder in (BUILT_IN, *([extra] if extra else [])):
        files += sorted(path for path in folder.rglob("*.y*ml")) if folder.is_dir() else [folder]
    stats = ((path, path.stat()) for path in files if path.is_file())
    return _digest(tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))


@lru_cache(maxsize=4)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class AllEmbedders:
    """Local encoders by their names, then the fits."""

    def __init__(self, encoders: Sequence[Encoder], fits: Embedders) -> None:
        self._encoders = {encoder.name: encoder for encoder in encoders}
        self._fits = fits

    def names(self) -> list[str]:
        """Names of both."""
        return [*self._encoders, *self._fits.names()]

    def find(self, name: str) -> tuple[str, Embed] | None:
        """See :class:`vitrina.llm.service.app.Embedders`."""
        encoder = self._encoders.get(name)
        return self._fits.find(name) if encoder is None else (encoder.name, encoder.embed)


def build_service(
    *, embed: Embed | None = None, token: str | None = None, settings: Settings | None = None, queue: int | None = None
) -> EmbeddedService:
    """The service with the platform's skills and fits, and the local models of the settings.

    Args:
        embed: Alone in the place of fits and encoders when given.
        queue: See :class:`EmbeddedService`; without a limit in process, where the gateway has one.

    Raises:
        GatewayConfigError: SERVE_MODELS cannot be read, or a name in it stands for something else already.
    """
    settings = settings or get_settings()
    specs = read_specs(settings.serve_models)
    if taken := [spec.name for spec in specs if spec.name in (EMBEDDED_MODEL, ACTIVE_EMBEDDER)]:
        raise GatewayConfigError(f"SERVE_MODELS: the name {taken[0]!r} is the service's own.", hint="Choose another.")
    fits: Embedders = FittedEmbedders()
    encoders = [Encoder(spec) for spec in specs if spec.kind == "embedding"]
    return EmbeddedService(
        SKILLS,
        embed,
        embedders=AllEmbedders(encoders, fits) if encoders else fits,
        token=token,
        chat_models=[CausalChat(spec) for spec in specs if spec.kind == "chat"],
        queue=queue,
        timeout_s=settings.serve_timeout_seconds,
    )


def build_app(*, embed: Embed | None = None, token: str | None = None) -> AsgiApp:
    """Its ASGI application, for calls in process."""
    return build_service(embed=embed, token=token).app
