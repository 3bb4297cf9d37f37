"""Which skills the embedded service has.

Belongs here: names of schemas and the functions that answer them, imported at the first question. Stays out: the rest.
"""

from __future__ import annotations

from typing import Any

from vitrina.llm.config import EMBEDDED_ENDPOINT
from vitrina.llm.service.app import Embed, EmbeddedService
from vitrina.llm.transport import AsgiApp


def product_description(request: dict[str, Any]) -> str:
    """Composes a description from the facts in the prompt (the offline writer)."""
    from vitrina.content.offline_writer import answer_chat

    return answer_chat(request)


def product_category(request: dict[str, Any]) -> str:
    """Chooses among the candidate categories in the prompt."""
    from vitrina.categories.offline import answer_chat

    return answer_chat(request)


SKILLS = {"product_description": product_description, "product_category": product_category}


def cache_scope() -> str:
    """Changes with the skills: answers of a former version are not taken for today's."""
    from vitrina.categories import offline
    from vitrina.content import offline_writer

    versions = (str(getattr(module, "VERSION", "1")) for module in (offline_writer, offline))
    return f"{EMBEDDED_ENDPOINT}/{'/'.join(versions)}"


def build_service(*, embed: Embed | None = None, token: str | None = None) -> EmbeddedService:
    """The service with the platform's skills; with vectors when an embedder is given."""
    return EmbeddedService(SKILLS, embed, token=token)


def build_app(*, embed: Embed | None = None, token: str | None = None) -> AsgiApp:
    """Its ASGI application."""
    return build_service(embed=embed, token=token).app
