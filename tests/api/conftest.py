"""People with keys, callers of the API, and batches of pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.conftest import client_of, desk, person  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from vitrina.review.models import Batch

BASE = "/api/v1/"


class Caller:
    """A program with a key. ``get("me")`` answers with status, body, headers."""

    def __init__(self, user: User) -> None:
        from django.test import Client

        from vitrina.accounts.tokens import make_token

        self.user = user
        self.key = make_token(user, "tests")[1]
        self.client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {self.key}"})

    def call(self, method: str, path: str, body: Any = None, *, media: str = "application/json", **query: Any) -> Any:
        """One request."""
        from urllib.parse import urlencode

        address = BASE + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        return getattr(self.client, method)(address, data=body if body is not None else "", content_type=media)

    def get(self, path: str, **query: Any) -> Any:
        from urllib.parse import urlencode

        return self.client.get(BASE + path + (f"?{urlencode(query, doseq=True)}" if query else ""))

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("post", path, body if body is not None else {}, **options)


@pytest.fixture
def caller(person: Callable[..., User]) -> Callable[..., Caller]:  # noqa: F811
    """A caller with a role."""

    def make(role: str = "annotator", email: str = "") -> Caller:
        return Caller(person(role, email))

    return make


@pytest.fixture
def batch(person: Callable[..., User]) -> Callable[..., Batch]:  # noqa: F811
    """An open batch of pairs in which the first text is the better one."""

    def make(pairs: int = 3, **settings: Any) -> Batch:
        from vitrina.review.batches import add_pairs, create_batch
        from vitrina.review.guidelines import publish_guidelines
        from vitrina.review.results import PairDraft

        admin = person("admin", "maker@example.com")
        rules = publish_guidelines(admin, "sense", body_ru="Правила", body_en="Rules")
        made = create_batch(admin, name="batch", question_ru="Что понятнее?", question_en="Which is clearer?",
                            guidelines=rules, **settings)  # fmt: skip
        add_pairs(made, [PairDraft(f"Хорошее описание {n}", f"Слабый текст {n}", prompt=f"Товар {n}")
                         for n in range(pairs)])  # fmt: skip
        return made

    return make
