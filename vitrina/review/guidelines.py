"""Versions of the guidelines, and the names under which people's decisions leave the platform.

Belongs here: writing and reading both. Stays out: rendering markdown.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from vitrina.review.access import ADMIN, require
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Annotator, GuidelinesVersion

MODERATION_TOPIC = "moderation"


def publish_guidelines(by: User, topic: str, *, body_ru: str, body_en: str) -> GuidelinesVersion:
    """The next version of a topic's guidelines. Batches keep the version that they were made with."""
    require(by, ADMIN)
    if not body_ru.strip() or not body_en.strip():
        raise NotDecidable("Guidelines are written in Russian and in English.")
    with transaction.atomic():
        last = GuidelinesVersion.objects.filter(topic=topic).aggregate(last=Max("number"))["last"] or 0
        return GuidelinesVersion.objects.create(
            topic=topic, number=last + 1, body_ru=body_ru, body_en=body_en, author=by
        )


def newest_guidelines(topic: str) -> GuidelinesVersion | None:
    """The version of a topic that holds now."""
    return GuidelinesVersion.objects.filter(topic=topic).order_by("-number").first()


def pseudonym(user: User) -> str:
    """The person's name in exports: random, and the same for ever."""
    return pseudonyms([user.pk])[user.pk]


def pseudonyms(user_ids: Iterable[int]) -> dict[int, str]:
    """User id → name in exports; made where there is none."""
    wanted = set(user_ids)
    known = dict(Annotator.objects.filter(user__in=wanted).values_list("user_id", "pseudonym"))
    new = sorted(wanted - set(known))
    missing = [Annotator(user_id=pk, pseudonym=f"annotator-{secrets.token_hex(5)}") for pk in new]
    if not missing:
        return known
    Annotator.objects.bulk_create(missing, ignore_conflicts=True)
    return dict(Annotator.objects.filter(user__in=wanted).values_list("user_id", "pseudonym"))
