"""Planted data for pictures: a small catalogue half way through its work, and people who judge it.

Belongs here: rows of all stages, so that no page is empty. Stays out: the database they go into (``scratch``). All
texts are our own; chance is seeded, so two runs look alike.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from vitrina.screenshots.catalogue import Catalogue
from vitrina.screenshots.pictures import seed_backgrounds, seed_pictures, seed_upload
from vitrina.screenshots.voting import vote

PASSWORD = "a-long-quiet-password"  # noqa: S105 - of people who live for a minute, in a database that goes with them


@dataclass(frozen=True, slots=True)
class Seeded:
    """Role → id of a person who has it, and values for the arguments of addresses."""

    people: dict[str, int]
    arguments: dict[str, str]


def seed(*, products: int = 120, pairs: int = 80, now: datetime | None = None, files: bool = False) -> Seeded:
    """Fill an empty, migrated database.

    Args:
        products, pairs: How many.
        now: The end of the month that it has seen.
        files: Plant pictures, requests to take a background off, and a list that was handed in as well.
    """
    chance = random.Random(7)  # noqa: S311 - planted data, no secret
    moment = now or datetime.now(UTC)
    people = _people()
    catalogue = Catalogue(chance, moment, people)
    catalogue.fill(products)
    ids = catalogue.ids | vote(chance, moment, people, catalogue.versions, pairs)
    _models(chance, moment)
    _own_things(people)
    arguments = {name: str(value) for name, value in ids.items()} | _links(people)
    if files:
        seed_pictures(catalogue.products)
        arguments |= seed_backgrounds(moment) | seed_upload(people["moderator"].pk)
    return Seeded(
        {"admin": people["admin"].pk, "moderator": people["moderator"].pk, "annotator": people["Анна"].pk}, arguments
    )


def _links(people: dict[str, Any]) -> dict[str, str]:
    """Links that open: an invitation, a new password, a request for one."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    from vitrina.accounts.models import ResetRequest
    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import ask_for_reset, invite
    from vitrina.accounts.tokens import make_token

    ask_for_reset(people["Борис"])
    key, _ = make_token(people["Анна"], "ночная выгрузка")
    return {
        "token": invite("newcomer@people.example.com", Role.ANNOTATOR, by=people["admin"]),
        "uidb36": user_pk_to_url_str(people["Анна"]),
        "key": default_token_generator.make_token(people["Анна"]),
        "request_id": str(ResetRequest.objects.latest("pk").pk),
        "user_id": str(people["Анна"].pk),
        "number": str(key.number),
    }


def _people() -> dict[str, Any]:
    from django.contrib.auth.models import User

    from vitrina.accounts.roles import Role, give_role

    wanted = {"admin": ("admin", "Вера Орлова"), "moderator": ("moderator", "Мария Левина")}
    wanted |= {name: ("annotator", name) for name in ("Анна", "Борис", "Галина")}
    found = {}
    for number, (key, (role, name)) in enumerate(wanted.items()):
        email = f"{role}{number or ''}@people.example.com"
        found[key] = User.objects.create_user(email, email, PASSWORD, first_name=name)
        give_role(found[key], Role(role))
    return found


def _own_things(people: dict[str, Any]) -> None:
    """What people arranged for themselves at the desk."""
    from vitrina.review.models import BoardConsent, SavedView

    BoardConsent.objects.bulk_create(BoardConsent(user=people[name]) for name in ("Анна", "Борис"))
    SavedView.objects.create(user=people["moderator"], name="Срочные тексты", query="view=urgent&kind=text")


def _models(chance: random.Random, moment: datetime) -> None:
    """The ledger of a month, an open breaker, a stop, budgets."""
    from vitrina.llm.models import LlmAttempt, LlmBreaker, LlmBudget, LlmStop

    attempts = []
    for number in range(400):
        known = number % 8 != 0
        failed = number % 23 == 0
        attempts.append(
            LlmAttempt(
                key=f"{number:064x}", attempt=1, kind="chat", item_id=str(number), endpoint="https://models.example.com/v1",
                purpose=("product_description", "product_category")[number % 2], ended=True, answered=not failed,
                model="sample-model" if known else "unpriced-model", provider="example",
                status=("invalid", "rate_limit", "refusal")[number % 3] if failed else "ok",
                prompt_tokens=chance.randint(300, 900), completion_tokens=chance.randint(80, 300),
                cost_usd=Decimal(chance.randint(2, 9)) / 10_000 if known else None, cost_known=known,
                latency_ms=chance.randint(300, 3000), created_at=moment - timedelta(hours=number * 1.7),
            )
        )  # fmt: skip
    LlmAttempt.objects.bulk_create(attempts)
    LlmBreaker.objects.create(
        endpoint="https://models.example.com/v1", model="sample-model", state="open", failures=14,
        reason="14 of 20 calls failed (503)", samples=20, opened_at=moment, changed_at=moment,
        probe_at=moment + timedelta(seconds=8),
    )  # fmt: skip
    LlmStop.objects.create(
        scope="purpose:product_category", reason="Новая модель", stopped_by="admin", stopped_at=moment
    )
    day = f"{moment:%Y-%m-%d}"
    LlmBudget.objects.create(name=f"day:{day}", limit_usd=5, used_usd=Decimal("4.7"), reserved_usd=0, updated_at=moment)
    LlmBudget.objects.create(
        name=f"purpose:product_description:{day}", limit_usd=2, used_usd=Decimal("0.4"), reserved_usd=Decimal("0.1"),
        updated_at=moment,
    )  # fmt: skip
