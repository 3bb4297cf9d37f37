"""People who compare at the desk, batches and votes: what tests of preferences share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import F

from vitrina.review.batches import add_pairs
from vitrina.review.comparing import decide_pair
from vitrina.review.guidelines import newest_guidelines
from vitrina.review.models import Batch, GuidelinesVersion, Outbox, ResponsePair, ReviewItem
from vitrina.review.queue import next_item
from vitrina.review.results import PairDraft, Taken

_numbers = itertools.count(1)


def person(role: str = "annotator") -> User:
    user = User.objects.create(username=f"{role}-{next(_numbers)}")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def batch(pairs: int = 0, *, overlap: int = 2, extra_votes: int = 0, **settings: Any) -> Batch:
    """An open batch; in its pairs the longer text is the better one."""
    rules = newest_guidelines("usefulness") or GuidelinesVersion.objects.create(
        topic="usefulness", number=1, body_ru="Правила", body_en="Rules"
    )
    made = Batch.objects.create(
        name=f"batch {next(_numbers)}", criterion="usefulness", question_ru="Что полезнее?", question_en="Which?",
        guidelines=rules, overlap=overlap, extra_votes=extra_votes, **settings,
    )  # fmt: skip
    add_pairs(made, drafts(pairs))
    return made


def drafts(count: int, **fields: Any) -> list[PairDraft]:
    start = next(_numbers) * 1000
    return [
        PairDraft(
            f"Платье номер {n} сшито из плотного хлопка, на подкладке, с карманами, размеры от S до XL",
            f"Красивое платье {n} для всех",
            prompt=f"Напиши карточку: вещь номер {n}, {'абвгдежзиклмн'[n % 13] * 7} {n * 7919}",
            **fields,
        )
        for n in range(start, start + count)
    ]


Answer = Callable[[ResponsePair], str]


def longer(pair: ResponsePair) -> str:
    """The canonical side of the longer text."""
    return "A" if len(pair.text_a) > len(pair.text_b) else "B"


def vote(user: User, where: Batch, answer: Answer | str = longer, *, tie_kind: str = "", most: int = 10_000) -> int:
    """The person goes through the batch; ``answer`` gives ``A``, ``B`` or ``E`` for each pair. Returns how many."""
    for count in range(most):
        taken = next_item(user, batch=where)
        if not isinstance(taken, Taken):
            return count
        pair = ReviewItem.objects.select_related("pair").get(pk=taken.item_id).pair
        assert pair is not None
        choice = answer if isinstance(answer, str) else answer(pair)
        side = "tie" if choice == "E" else "left" if (choice == "A") != taken.flip else "right"
        decide_pair(user, taken.token, side=side, tie_kind=tie_kind if side == "tie" else "")
    return most


def let_pass(seconds: float = 120) -> None:
    """The time for undoing is over."""
    Outbox.objects.update(available_at=F("available_at") - timedelta(seconds=seconds))


def collected() -> Any:
    """What the people said until now, collected."""
    from vitrina.preferences.collecting import collect

    let_pass()
    return collect(run_id="test")


def texts(pair: ResponsePair) -> Sequence[str]:
    return (pair.text_a, pair.text_b)
