"""Choosing among the candidates of products, and keeping what was chosen, what was not, and every score.

Belongs here: which candidates are fit, the rows of a choice, the figures of many. Stays out: the choice itself
(``vitrina.content.best_of``), who writes and who scores. The same candidates and the same judge are the same row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vitrina.content import grounding, prompts
from vitrina.content.best_of import ALONE, Option, Pick, TextScorer, pick
from vitrina.content.facts import ProductFacts
from vitrina.fingerprints import fingerprint
from vitrina.preferences.contracts import plain
from vitrina.preferences.models import Candidate, Choice, ScoredCandidate
from vitrina.warehouse import copy_upsert

_CHOICE = (
    "product", "contract", "language", "fingerprint", "scorer", "scorer_kind", "why", "candidates", "chosen", "uplift",
    "run_id",
)  # fmt: skip
_OPTION = ("choice", "candidate", "score", "grounding", "fit", "chosen")


@dataclass(slots=True)
class Tally:
    """Figures of many choices.

    Attributes:
        candidates: Texts that there were to choose from.
        offered, chosen: By writer; only where there was a choice.
        uplifts: Score of each chosen text minus the mean of its candidates.
        unfit: Candidates that break their contract or the facts, by writer.
        none_fit: Products without any fit candidate.
        unscored: Why no reward model chose → products.
        notes: Who was to choose and to write, or why not.
    """

    products: int = 0
    candidates: int = 0
    offered: Counter[str] = field(default_factory=Counter)
    chosen: Counter[str] = field(default_factory=Counter)
    uplifts: list[float] = field(default_factory=list)
    unfit: Counter[str] = field(default_factory=Counter)
    none_fit: int = 0
    unscored: Counter[str] = field(default_factory=Counter)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The candidate that was chosen for a product.

    Attributes:
        choice: ``None`` where it was the only one.
        unjudged: A reward model was to choose among several and failed: a backfill chooses again.
    """

    candidate: Candidate
    fit: bool
    choice: int | None = None
    unjudged: bool = False


def choose_candidates(
    groups: Mapping[int, Sequence[Candidate]],
    facts: Mapping[int, ProductFacts],
    scorer: TextScorer | None,
    tally: Tally,
    *,
    min_grounding: float,
    run_id: str = "",
) -> dict[int, Chosen]:
    """Choose one candidate of each product and write the choices down.

    Args:
        groups: Product → its candidates, in the order of their samples; products without any are left out.
        facts: Product → what may be said of it.
        scorer: A reward model that was trained on texts of this contract, or ``None``.
        min_grounding: Below this share of true statements a text is not fit.

    Returns:
        Product → the chosen candidate.
    """
    wanted = {product: list(own) for product, own in groups.items() if own}
    shares = {c.pk: _grounding(c, facts[product]) for product, own in wanted.items() for c in own}
    fit: dict[int, bool] = {}
    for own in wanted.values():
        fit |= _fit(own, shares, min_grounding)
    options = [[Option(c.prompt, plain(c.text, c.contract), fit[c.pk]) for c in own] for own in wanted.values()]
    picks = dict(zip(wanted, pick(options, scorer), strict=True))
    marks = {product: _mark(wanted[product], picks[product], scorer, fit) for product in wanted}
    _write(wanted, picks, marks, shares, fit, scorer, run_id)
    ids = dict(Choice.objects.filter(fingerprint__in=list(marks.values())).values_list("fingerprint", "pk"))
    for product, own in wanted.items():
        _count(tally, own, picks[product], fit)
    return {
        product: Chosen(
            own[picks[product].place],
            fit[own[picks[product].place].pk],
            ids.get(marks[product]),
            unjudged=scorer is not None and picks[product].why not in ("", ALONE),
        )
        for product, own in wanted.items()
    }


def broken(candidate: Candidate) -> str:
    """The first broken rule that makes a text unfit; empty for none."""
    return next((rule["rule"] for rule in candidate.violations if rule["severity"] == "error"), "")


def _fit(own: Sequence[Candidate], shares: Mapping[int, float], min_grounding: float) -> dict[int, bool]:
    """Which texts of one product may be shown.

    The check of facts knows some kinds of statement and not others. Where a trained policy fails it with most of its
    texts for a product, those that pass are the ones that the check could not read: of 4,000 texts of a policy that
    had learned too little 1 % passed, the reward model chose 18 of these, and they were nonsense. So none of them is.
    """
    fit = {c.pk: not broken(c) and shares[c.pk] >= min_grounding for c in own}
    trained: dict[str, list[int]] = {}
    for candidate in own:
        if candidate.trained_model:
            trained.setdefault(candidate.trained_model, []).append(candidate.pk)
    for keys in trained.values():
        if 2 * sum(fit[pk] for pk in keys) < len(keys):
            fit |= dict.fromkeys(keys, False)
    return fit


def _grounding(candidate: Candidate, facts: ProductFacts) -> float:
    return grounding.check(plain(candidate.text, candidate.contract), prompts.trimmed(facts)).score


def _mark(own: Sequence[Candidate], made: Pick, scorer: TextScorer | None, fit: Mapping[int, bool]) -> str:
    judge = scorer.model_id if scorer is not None and not made.why else ""
    return fingerprint("choice", [c.fingerprint for c in own], [fit[c.pk] for c in own], judge)


def _write(
    wanted: Mapping[int, Sequence[Candidate]],
    picks: Mapping[int, Pick],
    marks: Mapping[int, str],
    shares: Mapping[int, float],
    fit: Mapping[int, bool],
    scorer: TextScorer | None,
    run_id: str,
) -> None:
    several = {product: own for product, own in wanted.items() if len(own) > 1}
    rows = []
    for product, own in several.items():
        made, first = picks[product], own[0]
        judged = scorer is not None and not made.why
        rows.append((
            product, first.contract, first.language, marks[product], scorer.model_id if scorer and judged else "",
            scorer.kind if scorer and judged else "", made.why, len(own), own[made.place].pk, made.uplift, run_id,
        ))  # fmt: skip
    # A choice that stands stays as it is: pairs may hang on it.
    copy_upsert(Choice, _CHOICE, rows, key=("fingerprint",), compare=("fingerprint",))
    ids = dict(Choice.objects.filter(fingerprint__in=list(marks.values())).values_list("fingerprint", "pk"))
    options = [
        (
            ids[marks[product]],
            c.pk,
            picks[product].scores[place],
            shares[c.pk],
            fit[c.pk],
            place == picks[product].place,
        )
        for product, own in several.items()
        for place, c in enumerate(own)
    ]
    copy_upsert(ScoredCandidate, _OPTION, options, key=("choice", "candidate"), compare=("choice",))


def _count(tally: Tally, own: Sequence[Candidate], made: Pick, fit: Mapping[int, bool]) -> None:
    tally.products += 1
    tally.candidates += len(own)
    tally.unfit.update(c.writer for c in own if not fit[c.pk])
    tally.none_fit += not any(fit[c.pk] for c in own)
    if made.why == ALONE:
        return
    tally.offered.update(c.writer for c in own)
    tally.chosen[own[made.place].writer] += 1
    if made.why:
        tally.unscored[made.why] += 1
    elif made.uplift is not None:
        tally.uplifts.append(made.uplift)
