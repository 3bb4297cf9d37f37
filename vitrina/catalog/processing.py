"""The steps of a product's processing, for drops and for chosen products alike.

Belongs here: joining index, model, gateway and claims for one call of ``categorise`` or ``describe``. Stays out: those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vitrina.config import Settings
from vitrina.llm.gateway import Gateway, Progress
from vitrina.objects import ObjectStore
from vitrina.vectors.index import VectorIndex
from vitrina.warehouse.claims import claimed, groups

if TYPE_CHECKING:
    from vitrina.categories.categorising import CategoriseResult
    from vitrina.content.best_of_answers import BestOf
    from vitrina.content.describing import DescribeResult
    from vitrina.preferences.cards import CardsResult
    from vitrina.preferences.choosing import Tally


@dataclass(frozen=True, slots=True)
class Tools:
    """What processing needs from the outside."""

    settings: Settings
    store: ObjectStore
    index: VectorIndex
    gateway: Gateway
    run_id: str = ""
    progress: Callable[[Progress], None] | None = None


def categorise_products(ids: Sequence[int], tools: Tools, *, refresh: bool = False) -> CategoriseResult:
    """Categories of products; those that another run works on are left to it."""
    from vitrina.categories.categorising import CategoriseResult, categorise
    from vitrina.categories.services import active_model, load_tree

    tree, model = load_tree(), active_model(tools.store)
    result = CategoriseResult()
    for group in groups(ids):
        with claimed(group, "categories") as mine:
            result.busy += len(group) - len(mine)
            categorise(
                [pk for pk in group if pk in mine],
                tree=tree,
                model=model,
                index=tools.index,
                gateway=tools.gateway,
                review_threshold=tools.settings.category_review_threshold,
                result=result,
                refresh=refresh,
                run_id=tools.run_id,
                progress=tools.progress,
            )
    return result


def describe_products(
    ids: Sequence[int],
    tools: Tools,
    *,
    refresh: bool = False,
    force: frozenset[int] = frozenset(),
    again: int = 0,
    template: str = "",
    tally: Tally | None = None,
) -> DescribeResult:
    """Texts of products; those that another run works on are left to it.

    Args:
        refresh: Also where only the prompt, the templates or the model changed.
        force: Products that get another text, whatever stands; ``again`` as :func:`vitrina.content.describing.describe`
            takes it.
        template: Name of the only template that the prompt shows; empty: the nearest ones.
        tally: Gets the figures of best of n, where ``BEST_OF`` asks for several texts.
    """
    from vitrina.content.describing import DescribeResult, describe
    from vitrina.content.examples import named_example, nearest_examples
    from vitrina.preferences.choosing import Tally
    from vitrina.review.services import correct_categories, wanted_again

    language = tools.settings.language
    best_of = _best_of(tools, Tally() if tally is None else tally)
    result = DescribeResult()
    for group in groups(ids):
        with claimed(group, "descriptions") as mine:
            result.busy += len(group) - len(mine)
            chosen = [pk for pk in group if pk in mine]
            correct_categories(chosen)
            describe(
                chosen,
                tools.gateway,
                language=language,
                examples=lambda facts: (
                    named_example(facts, template)
                    if template
                    else nearest_examples(facts, tools.index, language, tools.gateway.config.mode)
                ),
                result=result,
                refresh=refresh,
                force=wanted_again(chosen) | (force & frozenset(chosen)),
                again=again,
                best_of=best_of,
                run_id=tools.run_id,
                progress=tools.progress,
            )
    return result


def _best_of(tools: Tools, tally: Tally) -> BestOf | None:
    """Several texts for each product, of which the reward model keeps one, where the settings ask for it."""
    if tools.settings.best_of < 2:
        return None
    from vitrina.preferences.champion import champion_or_why
    from vitrina.preferences.describing import CONTRACT, best_descriptions

    found = champion_or_why(tools.store, tools.settings, CONTRACT)
    tally.notes["reward_model"] = found.note
    return best_descriptions(
        tools.settings.best_of, tools.gateway, found.champion, tally,
        min_grounding=tools.settings.moderation_min_grounding,
    )  # fmt: skip


def card_products(ids: Sequence[int], tools: Tools, *, refresh: bool = False) -> CardsResult:
    """Short cards of products; those that another run works on are left to it.

    A promoted policy writes beside the configured writer, where a reward model is there to choose between them.
    """
    from vitrina.preferences.cards import CONTRACT, CardsResult, card_gateway, write_cards
    from vitrina.preferences.champion import ONE_TEXT, champion_or_why
    from vitrina.preferences.policy import find_policy, policy_gateway
    from vitrina.preferences.writers import policy_samples, sampled
    from vitrina.review.services import correct_categories

    settings, run_id = tools.settings, tools.run_id
    result = CardsResult()
    policy = find_policy(tools.store, settings, CONTRACT)
    several = settings.best_of > 1 or policy.writer is not None
    found = champion_or_why(tools.store, settings, CONTRACT) if several else ONE_TEXT
    result.tally.notes = {"reward_model": found.note, "policy": policy.note}
    if policy.writer is not None and found.champion is None:
        result.tally.notes["policy"] += "; not asked, since no reward model could choose"
    writer = policy.writer if found.champion is not None else None
    with (
        card_gateway(settings, tools.gateway, run_id=run_id) as gateway,
        policy_gateway(settings, writer, run_id=run_id) as served,
    ):
        writers = sampled(settings.best_of, embedded=gateway.config.embedded, model=gateway.config.model)
        if writer is not None:
            writers = (*writers, *policy_samples(writer, settings.best_of))
        for group in groups(ids):
            with claimed(group, "cards") as mine:
                result.busy += len(group) - len(mine)
                chosen = [pk for pk in group if pk in mine]
                correct_categories(chosen)  # a run of decisions may come to cards first
                write_cards(
                    chosen, gateway, writers,
                    language=settings.language, min_grounding=settings.moderation_min_grounding,
                    scorer=found.champion, served=served, refresh=refresh, result=result, run_id=run_id,
                )  # fmt: skip
    return result
