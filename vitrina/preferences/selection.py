"""Which products get pairs next: an explicit policy, so that it can be told what a dataset was made of.

Belongs here: the five reasons to choose a product, and how many each gets. Stays out: texts and pairs. A product with
an open pair of the same contract waits until people are done with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Count, Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import MD5, Cast, Concat

from vitrina.catalog.models import Product
from vitrina.content.models import Verdict
from vitrina.preferences.models import Choice, PairOrigin, ScoredCandidate
from vitrina.review.models import ReviewItem

NEW, UNCERTAIN, RANDOM, LEAST_CERTAIN = "new", "uncertain", "random", "least_certain"
#: The text that the reward model chose against a random other one of the same choice: the pairs that measure best of n.
BEST_OF = "best_of"
#: A policy's text against that of its SFT model, for the gate. Asked for by name, never drawn by a share.
GATE = "policy_gate"
#: In this order; what one reason cannot fill goes to random ones.
REASONS = (BEST_OF, LEAST_CERTAIN, UNCERTAIN, NEW, RANDOM)


class Scorer(Protocol):
    """A reward model, as choosing pairs needs it."""

    def margins(self, pairs: Sequence[tuple[str, str, str]]) -> Sequence[float]:
        """Score of the first text minus that of the second, of (prompt, first, second); near 0 is uncertain."""
        ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """A product, and what it was chosen for."""

    product: int
    reason: str


def quotas(count: int, shares: Mapping[str, float], *, scored: bool) -> dict[str, int]:
    """How many products each reason gets, by largest remainder; ``scored``: whether there is a reward model."""
    usable = {name: share for name, share in shares.items() if share > 0 and (scored or name != LEAST_CERTAIN)}
    if not usable:
        usable = {RANDOM: 1.0}
    total = sum(usable.values())
    exact = {name: count * share / total for name, share in usable.items()}
    given = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: (given[name] - exact[name], name))[: count - sum(given.values())]:
        given[name] += 1
    return {name: given.get(name, 0) for name in REASONS}


def choose_products(
    count: int, shares: Mapping[str, float], *, contract: str, scored: bool = False, seed: str = ""
) -> list[Chosen]:
    """Products without an open pair of this contract, at most ``count``, each once.

    Args:
        count: How many are wanted.
        shares: Reason → share; see :func:`quotas`.
        contract: ``card`` or ``description``.
        scored: Whether a reward model will rank them: then the pool for it is chosen among products with pairs.
        seed: Of the random order, kept by the caller; the same seed chooses the same products.
    """
    wanted = quotas(count, shares, scored=scored)
    taken: list[Chosen] = []
    for reason in REASONS:
        short = count - len(taken) if reason == RANDOM else wanted[reason]
        if short > 0:
            pool = _pool(reason, contract, seed).exclude(pk__in=[one.product for one in taken])
            taken += [Chosen(pk, reason) for pk in pool.values_list("pk", flat=True)[:short]]
    return taken


def _pool(reason: str, contract: str, seed: str) -> QuerySet[Product]:
    origins = PairOrigin.objects.filter(pair__product=OuterRef("pk"), contract=contract)
    waiting = ReviewItem.objects.filter(
        pair__product=OuterRef("pk"), pair__origin__contract=contract, state=ReviewItem.State.OPEN
    )
    free = Product.objects.filter(listed=True).exclude(Exists(waiting))
    if reason == BEST_OF:
        free = free.filter(Exists(open_choices(contract).filter(product=OuterRef("pk"))))
    if reason == NEW:
        return free.exclude(Exists(origins)).order_by("-pk")
    if reason == UNCERTAIN:
        doubted = Verdict.objects.filter(version__product=OuterRef("pk"), approved=False)
        return _spread(free.filter(Exists(doubted)))
    if reason == LEAST_CERTAIN:
        return _spread(free.filter(Exists(origins)))
    drawn = MD5(Concat(Value(f"{seed}/"), Cast("pk", TextField()), output_field=TextField()))
    return free.annotate(drawn=drawn).order_by("drawn", "pk")


def open_choices(contract: str) -> QuerySet[Choice]:
    """Choices by a reward model that have two texts fit to be compared, and no pair yet.

    A chosen text that stands in a measuring pair of an older choice is out as well: its pair may come out as the same
    two texts, which the desk takes once, and the choice would stay open for ever.
    """
    fit = ScoredCandidate.objects.filter(choice=OuterRef("pk"), fit=True)
    chosen, others = fit.filter(chosen=True), fit.filter(chosen=False)
    made = PairOrigin.objects.filter(choice=OuterRef("pk"))
    measuring = PairOrigin.objects.exclude(choice=None)
    # Two subqueries and not one with OR: each can use the index of its side.
    met = (measuring.filter(candidate_a=OuterRef("chosen")), measuring.filter(candidate_b=OuterRef("chosen")))
    judged = Choice.objects.filter(contract=contract).exclude(scorer="")
    return judged.filter(Exists(chosen), Exists(others)).exclude(Exists(made) | Exists(met[0]) | Exists(met[1]))


def _spread(products: QuerySet[Product]) -> QuerySet[Product]:
    """The least compared first."""
    return products.annotate(compared=Count("pairs")).order_by("compared", "-pk")
