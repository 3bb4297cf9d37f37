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


def describe_products(ids: Sequence[int], tools: Tools, *, refresh: bool = False) -> DescribeResult:
    """Texts of products; those that another run works on are left to it."""
    from vitrina.content.describing import DescribeResult, describe
    from vitrina.content.examples import nearest_examples
    from vitrina.review.services import wanted_again

    result = DescribeResult()
    for group in groups(ids):
        with claimed(group, "descriptions") as mine:
            result.busy += len(group) - len(mine)
            chosen = [pk for pk in group if pk in mine]
            describe(
                chosen,
                tools.gateway,
                language=tools.settings.language,
                examples=lambda facts: nearest_examples(facts, tools.index, tools.settings.language),
                result=result,
                refresh=refresh,
                force=wanted_again(chosen),
                run_id=tools.run_id,
                progress=tools.progress,
            )
    return result
