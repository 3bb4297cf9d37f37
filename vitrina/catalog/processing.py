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
    from vitrina.content.describing import DescribeResult


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
) -> DescribeResult:
    """Texts of products; those that another run works on are left to it.

    Args:
        refresh: Also where only the prompt, the templates or the model changed.
        force: Products that get another text, whatever stands; ``again`` as :func:`vitrina.content.describing.describe`
            takes it.
        template: Name of the only template that the prompt shows; empty: the nearest ones.
    """
    from vitrina.content.describing import DescribeResult, describe
    from vitrina.content.examples import named_example, nearest_examples
    from vitrina.review.services import wanted_again

    language = tools.settings.language
    result = DescribeResult()
    for group in groups(ids):
        with claimed(group, "descriptions") as mine:
            result.busy += len(group) - len(mine)
            chosen = [pk for pk in group if pk in mine]
            describe(
                chosen,
                tools.gateway,
                language=language,
                examples=lambda facts: (
                    named_example(facts, template) if template else nearest_examples(facts, tools.index, language)
                ),
                result=result,
                refresh=refresh,
                force=wanted_again(chosen) | (force & frozenset(chosen)),
                again=again,
                run_id=tools.run_id,
                progress=tools.progress,
            )
    return result
