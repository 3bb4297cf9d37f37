"""The batches that pipelines fill: one open at a time for each contract and language.

Belongs here: finding or making the batch, its question, its first guidelines. Stays out: pairs, and what administrators
do with batches (``vitrina.review.batches``); they may pause, close or re-word these like any other. Annotators read the
names of batches, which say nothing of writers.
"""

from __future__ import annotations

from pathlib import Path

from vitrina.config import Settings
from vitrina.review.guidelines import newest_guidelines
from vitrina.review.models import Batch, GuidelinesVersion, ReviewItem

#: What people are asked to judge; the topic of the guidelines.
CRITERION = "usefulness"
_QUESTIONS = {
    "card": ("Какая карточка полезнее покупателю?", "Which card is more useful to a buyer?"),
    "description": ("Какое описание полезнее покупателю?", "Which description is more useful to a buyer?"),
}
_TEXTS = Path(__file__).parent / "guidelines"


def open_batch(settings: Settings, contract: str | None = None, *, series: str = "") -> Batch:
    """The batch that pairs go into now; a new one where there is none or the last is full, paused or closed.

    Args:
        settings: Language, overlap, size.
        contract: ``card`` or ``description``; ``PAIR_CONTRACT`` by default.
        series: Names batches of their own, for pairs that are counted apart; it begins with a word.
    """
    contract = contract or settings.pair_contract
    name = f"{series}-{contract}-{settings.language}-" if series else f"{contract}-{settings.language}-"
    newest = Batch.objects.select_for_update().filter(name__startswith=name, created_by=None).order_by("-id").first()
    if newest is not None and newest.state == Batch.State.OPEN and room(newest, settings) > 0:
        return newest
    number = int(newest.name.removeprefix(name)) + 1 if newest is not None else 1
    question_ru, question_en = _QUESTIONS[contract]
    return Batch.objects.create(
        name=f"{name}{number}", criterion=CRITERION, question_ru=question_ru, question_en=question_en,
        guidelines=guidelines(), overlap=settings.pair_overlap, strategy=Batch.Strategy.UNCERTAIN,
        gold_share=settings.pair_gold_share,
    )  # fmt: skip


def room(batch: Batch, settings: Settings) -> int:
    """How many more pairs a batch takes."""
    return max(settings.pair_batch_size - ReviewItem.objects.filter(batch=batch, part="work").count(), 0)


def guidelines() -> GuidelinesVersion:
    """The newest guidelines of the criterion; the platform's own first version where people wrote none."""
    standing = newest_guidelines(CRITERION)
    if standing is not None:
        return standing
    words = {language: (_TEXTS / f"{CRITERION}.{language}.md").read_text(encoding="utf-8") for language in ("ru", "en")}
    made, _ = GuidelinesVersion.objects.get_or_create(
        topic=CRITERION, number=1, defaults={"body_ru": words["ru"], "body_en": words["en"]}
    )
    return made


def waiting_pairs(settings: Settings) -> int:
    """Pairs of these batches that still lack votes."""
    batches = Batch.objects.filter(
        name__startswith=f"{settings.pair_contract}-{settings.language}-", created_by=None, state=Batch.State.OPEN
    )
    return ReviewItem.objects.filter(batch__in=batches, part="work", state=ReviewItem.State.OPEN).count()
