"""What the table of scores says: accuracy over time, by model.

Belongs here: reading the table. Stays out: filling it (``scoring``), the mathematics (``windows``), drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet, Sum

from vitrina.drift.models import ChampionScore
from vitrina.drift.windows import Judged, Verdict, verdict
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.preferences.selection import GATE, LEAST_CERTAIN
from vitrina.statistics.intervals import Interval, Undefined, wilson

#: Pairs that the model itself picked: it is less often right on those of which it was least certain, and on those
#: that it put first. Accuracy at promotion is of pairs that it did not pick. A policy writes what its teacher likes.
OWN_CHOICE = (LEAST_CERTAIN, "best_of", GATE)


@dataclass(frozen=True, slots=True)
class Reign:
    """A model and the pairs that were first voted on while it was in use.

    Attributes:
        rows: When and whether it was right, in the order of time: decided pairs whose prompt it had not seen and
            which it had not picked itself.
        promised: Accuracy with interval on held-out pairs at its promotion, as far as its report says.
    """

    model: RegisteredModel
    rows: tuple[Judged, ...]
    promised: tuple[float | None, float | None, float | None]

    @property
    def verdict(self) -> Verdict:
        """Of the newest window."""
        return verdict(self.rows, self.promised[0])

    @property
    def accuracy(self) -> Interval | Undefined:
        """On all its pairs."""
        return wilson(sum(right for _, right in self.rows), len(self.rows))


def reigns() -> list[Reign]:
    """All models that scored something, in the order of their first pair."""
    rows: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
    for champion, when, right in _counted().values_list("champion", "voted_at", "right"):
        rows[champion].append((when, bool(right)))
    models = RegisteredModel.objects.in_bulk(list(rows))
    return [reign_of(models[champion], own) for champion, own in rows.items()]


def _counted() -> QuerySet[ChampionScore]:
    """Pairs that say whether a model was right, in the order of time."""
    new = ChampionScore.objects.filter(right__isnull=False, prompt_seen=False)
    return new.exclude(chosen_for__in=OWN_CHOICE).order_by("voted_at", "pk")


def reign_of(model: RegisteredModel, rows: Sequence[Judged] = ()) -> Reign:
    """A model with its pairs, and what its report promised."""
    low, middle, high = (model.report.get(f"accuracy{end}") for end in ("_low", "", "_high"))
    return Reign(model, tuple(rows), (middle, low, high))


def present() -> Reign | None:
    """The model that is in use; ``None`` while there is none."""
    row = services.champion(RegisteredModel.Role.REWARD)
    if row is None:
        return None
    own = _counted().filter(champion=row.pk).values_list("voted_at", "right")
    return reign_of(row, [(when, bool(right)) for when, right in own])


def counts() -> dict[str, int]:
    """Pairs by what became of them; they add up to all rows."""
    rows = ChampionScore.objects
    scored = rows.filter(why=ChampionScore.Why.SCORED)
    decided = scored.filter(right__isnull=False)
    new = decided.filter(prompt_seen=False)
    return {
        "pairs": rows.count(),
        "counted": new.exclude(chosen_for__in=OWN_CHOICE).count(),
        "picked_by_the_model": new.filter(chosen_for__in=OWN_CHOICE).count(),
        "prompt_seen": decided.filter(prompt_seen=True).count(),
        "not_decided": scored.filter(right__isnull=True).count(),
        **{
            str(each["why"]): each["n"]
            for each in rows.exclude(why=ChampionScore.Why.SCORED).values("why").annotate(n=Count("pk")).order_by("why")
        },
    }


def single_votes() -> Interval | Undefined:
    """Single votes for the side that the model prefers; below the accuracy on pairs, since people err one by one."""
    kept = ChampionScore.objects.filter(prompt_seen=False).exclude(chosen_for__in=OWN_CHOICE)
    found = kept.aggregate(right=Sum("votes_right"), decided=Sum("votes_decided"))
    return wilson(found["right"] or 0, found["decided"] or 0)
