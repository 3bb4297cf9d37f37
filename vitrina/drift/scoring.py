"""Pairs that people voted on, scored by the model that was in use when the first vote was cast.

Belongs here: which pairs are due, which model scores which, writing. Stays out: figures (``reading``, ``windows``).

The model that scores a pair follows from the history of promotions and the time of its first vote, not from when this
runs: a late, repeated or interrupted run comes to the same rows, and no pair is scored by a model that learned from it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Exists, OuterRef

from vitrina.config import Settings
from vitrina.drift.models import ChampionScore
from vitrina.errors import VitrinaError
from vitrina.models_registry import services
from vitrina.models_registry.models import Promotion, RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.preferences.champion import Champion, Scores, trained_contracts
from vitrina.preferences.models import PairOrigin, Preference
from vitrina.review.models import Decision
from vitrina.reward.models import ModelKind, open_model, trained_groups
from vitrina.warehouse import copy_upsert

#: Pairs in one transaction: what a killed run loses.
CHUNK = 500
COLUMNS = (
    "key", "champion", "why", "margin", "outcome", "right", "votes_decided", "votes_right", "prompt_seen",
    "chosen_for", "voted_at", "seen",
)  # fmt: skip


class Margins(Protocol):
    """A reward model, as scoring pairs needs it."""

    def margins(self, pairs: Sequence[tuple[str, str, str]]) -> Sequence[float]:
        """Calibrated score of the first text minus that of the second, of (prompt, first, second)."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that can score.

    Attributes:
        groups: Prompt groups that it was trained on.
        contracts: Kinds of text that it was trained on; empty: any.
    """

    model: Margins
    groups: frozenset[str] = frozenset()
    contracts: frozenset[str] = frozenset()


Opener = Callable[[RegisteredModel], Opened]


@dataclass(slots=True)
class Pass:
    """What a pass did; ``waiting`` counts pairs whose model could not be opened, by the reason: they come again."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    waiting: Counter[str] = field(default_factory=Counter)


def score_new(opener: Opener, *, run_id: str = "", chunk: int = CHUNK) -> Pass:
    """Score all pairs with votes that were not scored yet, or whose votes changed since.

    Args:
        opener: Opens a registered model; see :func:`opener_of`.
        run_id: Kept with every row.
        chunk: Pairs in one transaction.
    """
    result = Pass()
    standing = Preference.objects.filter(source=Preference.Source.VOTES, key=OuterRef("key"))
    result.removed = ChampionScore.objects.exclude(Exists(standing)).delete()[0]
    reigns = list(Promotion.objects.filter(role=RegisteredModel.Role.REWARD).order_by("pk").select_related("model"))
    known: dict[int, Opened | str] = {}
    for preferences in _due(chunk):
        rows = list(_scored(preferences, reigns, opener, known, result))
        if rows:
            lines = [(*(row[name] for name in COLUMNS), run_id) for row in rows]
            written = copy_upsert(ChampionScore, (*COLUMNS, "run_id"), lines, key=("key",), compare=("seen",))
            result.added += written.inserted
            result.changed += written.updated
    return result


def _due(chunk: int) -> Iterator[list[Preference]]:
    """Pairs without a row, or with one of other votes, in the order of their ids."""
    scored = ChampionScore.objects.filter(key=OuterRef("key"), seen=OuterRef("fingerprint"))
    last = 0
    while True:
        due = Preference.objects.filter(source=Preference.Source.VOTES, pk__gt=last).exclude(Exists(scored))
        rows = list(due.order_by("pk")[:chunk])
        if not rows:
            return
        last = rows[-1].pk
        yield rows


def _scored(
    preferences: Sequence[Preference],
    reigns: Sequence[Promotion],
    opener: Opener,
    known: dict[int, Opened | str],
    result: Pass,
) -> Iterator[dict[str, Any]]:
    first = _first_votes(preferences)
    pairs = [one.pair_id for one in preferences if one.pair_id is not None]
    reasons = dict(PairOrigin.objects.filter(pair__in=pairs).values_list("pair", "chosen_for"))
    by_model: dict[int | None, list[Preference]] = defaultdict(list)
    models = {promotion.model_id: promotion.model for promotion in reigns if promotion.model}
    begins = [promotion.created_at for promotion in reigns]
    for one in preferences:
        if one.key not in first:
            continue  # its votes were withdrawn a moment ago: the next pass over the preferences removes it
        place = bisect_right(begins, first[one.key])
        by_model[reigns[place - 1].model_id if place else None].append(one)
    for model, own in by_model.items():
        found = _judged(own, None) if model is None else _asked(models[model], own, opener, known)
        if isinstance(found, str):
            result.waiting[found] += len(own)
            continue
        for one, values in zip(own, found, strict=True):
            yield {
                "key": one.key,
                "champion": model,
                "outcome": one.outcome,
                "chosen_for": reasons.get(one.pair_id or 0, ""),
                "voted_at": first[one.key],
                "seen": one.fingerprint,
                **values,
            }


def _first_votes(preferences: Sequence[Preference]) -> dict[str, datetime]:
    """Key → when its first vote was cast."""
    decisions = {int(vote["decision"]): one.key for one in preferences for vote in one.votes}
    found: dict[str, datetime] = {}
    for pk, when in Decision.objects.filter(pk__in=decisions).values_list("pk", "created_at"):
        key = decisions[pk]
        found[key] = min(when, found.get(key, when))
    return found


def _asked(
    model: RegisteredModel, preferences: Sequence[Preference], opener: Opener, known: dict[int, Opened | str]
) -> list[dict[str, Any]] | str:
    """What the model says, or why it cannot be asked now; a model that failed is not asked again in this pass."""
    opened = known.get(model.pk)
    if isinstance(opened, str):
        return opened
    try:
        ready = opened or opener(model)
        known[model.pk] = ready
        return _judged(preferences, ready)
    except VitrinaError as error:
        known[model.pk] = f"{model} cannot be asked: {error}"
        return str(known[model.pk])


def _judged(preferences: Sequence[Preference], opened: Opened | None) -> list[dict[str, Any]]:
    if opened is None:
        return [_nothing(ChampionScore.Why.NO_CHAMPION) for _ in preferences]
    fits = [not opened.contracts or not one.contract or one.contract in opened.contracts for one in preferences]
    asked = [one for one, fit in zip(preferences, fits, strict=True) if fit]
    margins = iter(opened.model.margins([(one.prompt, one.text_a, one.text_b) for one in asked]) if asked else ())
    return [
        _said(one, float(next(margins)), opened.groups) if fit else _nothing(ChampionScore.Why.OTHER_CONTRACT)
        for one, fit in zip(preferences, fits, strict=True)
    ]


def _nothing(why: ChampionScore.Why) -> dict[str, Any]:
    unknown = {"margin": None, "right": None, "votes_decided": 0, "votes_right": 0, "prompt_seen": False}
    return {"why": why.value, **unknown}


def _said(one: Preference, margin: float, groups: frozenset[str]) -> dict[str, Any]:
    """What the model says beside what people said; equal scores are not right."""
    # An equal score prefers neither side
    own = "a" if margin > 0 else "b" if margin < 0 else None
    decided = [str(vote["choice"]).lower() for vote in one.votes if vote["choice"] in ("A", "B")]
    return {
        "why": ChampionScore.Why.SCORED.value,
        "margin": margin,
        "right": own == one.outcome if one.outcome in ("a", "b") else None,
        "votes_decided": len(decided),
        "votes_right": sum(choice == own for choice in decided),
        "prompt_seen": one.prompt_group in groups,
    }


def opener_of(store: ObjectStore, settings: Settings) -> Opener:
    """Opens models of the registry, verified. One that needs torch is asked in the ``serve-models`` process."""
    cache = settings.vitrina_home / "training" / "models"

    def opened(row: RegisteredModel) -> Opened:
        folder = services.fetch(store, row, cache)
        model: Scores
        if row.kind == ModelKind.LINEAR:
            model = open_model(folder)
        else:
            from vitrina.serving.client import ServedReward

            model = ServedReward(folder.name, settings)
        contracts = trained_contracts(row.manifest)
        return Opened(Champion(model, row.model_id, row.kind, contracts), frozenset(trained_groups(folder)), contracts)

    return opened
