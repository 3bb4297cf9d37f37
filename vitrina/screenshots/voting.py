"""Planted votes: a batch that three people have gone through half of, one of whom likes the left.

Belongs here: pairs, gold, votes. Stays out: the texts of the catalogue.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

_GOOD = (
    "<p>Крем для рук Defne с оливковым маслом и пантенолом, {} мл. Быстро впитывается и не оставляет липкой плёнки.</p>"
    "<p>Смягчает сухую кожу, подходит для частого применения.</p>"
    "<ul><li>Объём: {} мл</li><li>Оливковое масло, пантенол</li><li>Без отдушек</li></ul>"
)
_MORE = "<p>Тюбик помещается в небольшую сумку.</p>"
_POOR = (
    "<p>Отличный крем {} мл! Такой крем нужен каждому, ведь руки важны всегда. Покупайте, он понравится всем "
    "вашим близким.</p><p>Крем хороший, качественный и приятный, им пользуются многие.</p>"
)


def vote(
    chance: random.Random, moment: datetime, people: dict[str, Any], versions: list[Any], count: int
) -> dict[str, int]:
    """A batch that is half voted: three people who mostly agree, one of whom likes the left.

    Returns values for arguments of addresses.
    """
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.models import Decision, ReviewItem, SetAside
    from vitrina.review.results import PairDraft

    admin = people["admin"]
    rules = publish_guidelines(
        admin,
        "clarity",
        body_ru="# Что понятнее\n\nСначала факты, потом слог.",
        body_en="# Which is clearer\n\nFacts first.",
    )
    batch = create_batch(
        admin, name="Понятность, ноябрь", question_ru="Какое описание понятнее покупателю?",
        question_en="Which description is clearer to a buyer?", guidelines=rules, overlap=3, gold_share=0.2,
    )  # fmt: skip

    def drafts(start: int, number: int, **fields: Any) -> list[PairDraft]:
        return [
            PairDraft(
                _GOOD.format(75 + n, 75 + n) + _MORE * (n % 2),
                _POOR.format(75 + n), prompt=f"Опиши крем для рук, {75 + n} мл",
                product_id=versions[n % len(versions)].product_id, **fields,
                facts={"Бренд": "Defne", "Объём": f"{75 + n} мл", "Состав": "оливковое масло, пантенол",
                       "Страна": "Турция"},
            )
            for n in range(start, start + number)
        ]  # fmt: skip

    add_pairs(batch, drafts(0, count))
    add_pairs(batch, drafts(10_000, 25, expected="first"), part="gold")
    why = "Лучшее называет объём и состав; другое хвалит и ничего не говорит о товаре."
    add_pairs(batch, drafts(20_000, 1, expected="first", explanation=why), part="onboarding")
    voters = [people[name] for name in ("Анна", "Борис", "Галина")]
    items = list(ReviewItem.objects.filter(batch=batch).select_related("pair").order_by("id"))
    votes = []
    for number, item in enumerate(items):
        if item.part == "work" and number > count * 0.6:
            continue
        truth = item.expected or chance.choices(["A", "B", "E"], [5, 4, 1])[0]
        for voter in voters:
            flip = chance.random() < 0.5
            choice = truth if chance.random() < 0.85 else chance.choice("ABE")
            if voter is voters[2] and chance.random() < 0.35:
                choice = "B" if flip else "A"
            shown = "tie" if choice == "E" else ("left", "right")[(choice == "B") != flip]
            votes.append(
                Decision(
                    item=item, action="compare", choice=choice, shown=shown, flip=flip, decided_by=voter,
                    active_ms=chance.randint(4_000, 30_000), guidelines=rules,
                    created_at=moment - timedelta(days=chance.random() * 12),
                )
            )  # fmt: skip
        if item.part == "work":
            ReviewItem.objects.filter(pk=item.pk).update(done=3, need=3, state="done", agreement=0.9)
    Decision.objects.bulk_create(votes)
    SetAside.objects.create(
        item=items[count - 1], user=voters[0], kind="flag", reason="unreadable", comment="Второй текст обрывается."
    )  # fmt: skip
    ReviewItem.objects.filter(pk=items[count - 1].pk).update(state="flagged")
    learnt = Decision.objects.get(item__batch=batch, item__part="onboarding", decided_by=voters[0])
    return {"batch_id": batch.pk, "decision_id": learnt.pk, "compare_guidelines_version.version_id": rules.pk}
