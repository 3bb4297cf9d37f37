"""Best of n among the answers of a model: collecting the samples of each product, one of which goes on.

Belongs here: which request is which sample, when a product's samples are complete. Stays out: the choice
(``best_of``), where candidates are kept (the caller's ``choose``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from vitrina.content.keeping import DescribeResult, count_cost
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import UNFINISHED, ChatResult, Outcome


@dataclass(frozen=True, slots=True)
class Place:
    """Which answer of a product was chosen.

    Attributes:
        place: Among its usable answers.
        unjudged: A reward model was to choose and failed: the text stands, and a backfill chooses again.
    """

    place: int
    unjudged: bool = False


#: Usable answers of some products, each in the order of their samples → the chosen one of each.
Choose = Callable[[Sequence[Sequence[ChatResult]], str], Sequence[Place]]


@dataclass(frozen=True, slots=True)
class BestOf:
    """How several texts for one product are asked for, and who chooses.

    Attributes:
        count: Texts for each product, 2 or more.
        seeded: Whether samples differ by their seed (the embedded writer, which has no temperature).
        judge: Names who chooses: another one may make another text of the same answers.
        min_grounding: Share of true statements below which a text is not fit: another share may as well.
        choose: Keeps all candidates and chooses; takes the run's id as well.
    """

    count: int
    seeded: bool
    judge: str
    min_grounding: float
    choose: Choose

    @property
    def identity(self) -> tuple[Any, ...]:
        """What a text's fingerprint holds of it."""
        return ("best_of", self.count, self.judge, self.min_grounding)

    def sample(self, request: ChatRequest, number: int) -> ChatRequest:
        """The request of a sample; that of number 0 is the request without a choice, and so is its key."""
        extra = {**request.extra, "seed": number} if self.seeded and number else request.extra
        return replace(request, sample=number, extra=extra)


def chosen_answers(
    answers: Iterable[ChatResult], best_of: BestOf, result: DescribeResult, run_id: str, group_size: int
) -> Iterator[list[ChatResult]]:
    """One answer for each product, in groups, as products are complete.

    A product some of whose samples failed is chosen for among the others; one without any has its worst failure. Where
    a later run may get the others, the chosen text stands without a mark, and a backfill chooses again. Where they wait
    in a batch, nothing is chosen yet: its answers are paid for, and the next run has them all.
    """
    waiting: dict[int, list[ChatResult]] = defaultdict(list)
    done: list[list[ChatResult]] = []
    for answer in answers:
        count_cost(answer, result)
        product = answer.request.context.facts.product_id
        waiting[product].append(answer)
        if len(waiting[product]) == best_of.count:
            done.append(sorted(waiting.pop(product), key=lambda one: one.request.sample))
            if len(done) * best_of.count >= group_size:
                yield _chosen(done, best_of, run_id)
                done = []
    if done:
        yield _chosen(done, best_of, run_id)


def _chosen(groups: Sequence[Sequence[ChatResult]], best_of: BestOf, run_id: str) -> list[ChatResult]:
    usable = [[] if _waits(group) else [answer for answer in group if answer.ok] for group in groups]
    chosen = iter(best_of.choose([group for group in usable if group], run_id))
    return [
        _whole(_taken(good, next(chosen), group) if good else _worst(group), group)
        for group, good in zip(groups, usable, strict=True)
    ]


def _waits(group: Sequence[ChatResult]) -> bool:
    return any(answer.outcome is Outcome.PENDING for answer in group)


def _taken(answers: Sequence[ChatResult], chosen: Place, group: Sequence[ChatResult]) -> ChatResult:
    """The chosen answer; that of a judge that failed, or among fewer answers than there will be, leaves no mark by
    which a backfill would pass it over."""
    answer = answers[chosen.place]
    if not chosen.unjudged and not any(one.outcome in UNFINISHED for one in group):
        return answer
    order = replace(answer.request.context, fingerprint="")
    return replace(answer, request=replace(answer.request, context=order))


def _worst(group: Sequence[ChatResult]) -> ChatResult:
    """The failure that another run may mend, if there is one: the product is then asked for again."""
    unfinished = [answer for answer in group if answer.outcome in UNFINISHED]
    return next((one for one in unfinished if one.outcome is Outcome.PENDING), next(iter(unfinished), group[0]))


def _whole(answer: ChatResult, group: Sequence[ChatResult]) -> ChatResult:
    """The answer with what all of its samples cost."""
    costs = [one.cost_usd for one in group]
    usage = group[0].usage
    for one in group[1:]:
        usage = usage + one.usage
    known = [cost for cost in costs if cost is not None]
    return replace(answer, usage=usage, cost_usd=sum(known, Decimal(0)) if len(known) == len(costs) else None)
