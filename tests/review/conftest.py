"""People, batches and pairs for tests of the desk, straight through its own functions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from vitrina.review.batches import add_pairs, create_batch
from vitrina.review.guidelines import newest_guidelines, publish_guidelines
from vitrina.review.models import Batch
from vitrina.review.results import PairDraft

_numbers = itertools.count(1)


def make_user(role: str = "annotator", name: str | None = None) -> User:
    user = User.objects.create(username=name or f"{role}-{next(_numbers)}")
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def drafts(count: int, **fields: Any) -> list[PairDraft]:
    """Pairs in which the first text is the better one."""
    start = next(_numbers) * 1_000_000
    return [
        PairDraft(f"Хорошее описание {n}", f"Слабый текст {n}", prompt=f"Товар {n}", **fields)
        for n in range(start, start + count)
    ]


@pytest.fixture
def people(database: str) -> Callable[..., User]:
    return make_user


@pytest.fixture
def make_batch(database: str) -> Callable[..., Batch]:
    def make(pairs: int = 3, *, gold: int = 0, onboarding: int = 0, **settings: Any) -> Batch:
        admin = User.objects.filter(groups__name="admin").first() or make_user("admin")
        rules = newest_guidelines("sense") or publish_guidelines(admin, "sense", body_ru="Правила", body_en="Rules")
        batch = create_batch(
            admin, name=f"batch {next(_numbers)}", question_ru="Что понятнее?", question_en="Which is clearer?",
            guidelines=rules, **settings,
        )  # fmt: skip
        add_pairs(batch, drafts(pairs))
        add_pairs(batch, drafts(gold, expected="first"), part="gold")
        add_pairs(batch, drafts(onboarding, expected="first", explanation="Потому что"), part="onboarding")
        return batch

    return make
