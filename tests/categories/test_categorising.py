"""Categories of products: who decides, what is kept, what is asked again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from vitrina.categories.tree import CategoryTree
from vitrina.llm.config import GatewayConfig, RetryPolicy
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.transport import Reply, TransportError
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import CATEGORIES

pytestmark = pytest.mark.usefixtures("database")


class FakeModel:
    """Answers the category question. ``down`` breaks the connection, ``says`` names the category, ``sure`` how much."""

    def __init__(self) -> None:
        self.says, self.parent, self.sure, self.down, self.asked = "Витамины", "Аптека", 0.9, False, 0

    async def post(self, path: str, body: bytes) -> Reply:
        if self.down:
            raise TransportError("nobody listens", name="connection", sent=False)
        self.asked += 1
        question = json.loads(body)["messages"][-1]["content"]
        product = json.loads(question[question.index("{") : question.rindex("}") + 1])
        answer = {
            "product_id": product["product_id"], "category_name": self.says, "parent_category": self.parent,
            "full_path": None, "confidence": self.sure, "attributes": {"gender": "женский"}, "alternatives": [],
            "reasoning": "по названию",
        }  # fmt: skip
        choice = {"message": {"content": json.dumps(answer, ensure_ascii=False)}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 10, "completion_tokens": 5}
        return Reply(200, {}, json.dumps({"choices": [choice], "model": "fake", "usage": usage}).encode())

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def index(tmp_path: Path, tree: CategoryTree) -> Iterator[EdgeIndex]:
    from vitrina.categories.services import sync_tree
    from vitrina.vectors.services import sync
    from vitrina.vectors.sources import category_documents

    sync_tree(tree)
    made = EdgeIndex(tmp_path / "index", lock_timeout=60)
    sync(CATEGORIES, category_documents(), made, complete=True)
    yield made
    made.close()


@pytest.fixture
def products() -> list[int]:
    from vitrina.catalog.models import Drop, Product, Source

    source = Source.objects.create(slug="shop")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    drop = Drop.objects.create(
        key="shop__a__1", source=source, name="a", path="drops/shop/a", digest="0", stamp="0", modified_at=at,
        state="parsed",
    )  # fmt: skip
    return [
        Product.objects.create(
            source=source, external_id=str(number), identity="id", title=title, row_hash=uuid4(), content_hash=uuid4(),
            drop=drop, drop_time=at, listed=True,
        ).pk
        for number, title in enumerate(["Витамины и омега-3 капсулы", "Платье летнее"])
    ]  # fmt: skip


@pytest.fixture
def categorise(model: FakeModel, index: EdgeIndex, tree: CategoryTree) -> Callable[..., Any]:
    """One pass without a classifier: the model is asked about each product."""
    from vitrina.categories.categorising import categorise as pass_over

    ledger = MemoryLedger()

    def run(ids: Sequence[int], *, refresh: bool = False, review_threshold: float = 0.75, mode: str = "online") -> Any:
        retry = RetryPolicy(base_delay_s=0.01, max_delay_s=0.02, max_attempts=2)
        config = GatewayConfig(base_url="http://127.0.0.1:9/v1", model="gpt-4o-mini", retry=retry, mode=mode)
        with Gateway(config, ledger, transport=lambda _: model) as gateway:
            return pass_over(
                ids, tree=tree, model=None, index=index, gateway=gateway, review_threshold=review_threshold,
                refresh=refresh, run_id="run-1",
            )  # fmt: skip

    return run


def decision(product: int) -> Any:
    from vitrina.categories.models import ProductCategory

    return ProductCategory.objects.select_related("category").get(product=product)


def test_the_models_answer_is_kept_with_where_it_comes_from(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    from vitrina.content.models import ProcessingLog

    result = categorise(products[:1])
    row = decision(products[0])
    assert (row.category.slug, row.attributes) == ("vitaminy", {"gender": "женский"})
    assert row.reasoning.startswith("по названию")
    assert "gpt-4o-mini" in row.maker
    assert (result.asked, result.looked_at, model.asked) == (1, 1, 1)
    log = ProcessingLog.objects.get(product=products[0])
    assert (log.processing_type, log.status, log.prompt_tokens) == ("categorization_only", "completed", 10)


def test_a_second_pass_asks_nothing_and_writes_nothing(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    categorise(products)
    before = [(decision(pk).pk, decision(pk).updated_at) for pk in products]
    asked = model.asked
    result = categorise(products)
    assert (result.unchanged, result.asked, model.asked) == (2, 0, asked)
    assert [(decision(pk).pk, decision(pk).updated_at) for pk in products] == before


def test_a_changed_title_is_decided_anew(categorise: Callable[..., Any], products: list[int], model: FakeModel) -> None:
    from vitrina.catalog.models import Product

    categorise(products[:1])
    Product.objects.filter(pk=products[0]).update(title="Витамины детские")
    assert categorise(products[:1]).asked == 1


def test_a_persons_decision_stands_whatever_is_asked_for(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    from vitrina.categories.models import Category, ProductCategory

    categorise(products[:1])
    ProductCategory.objects.filter(product=products[0]).update(
        category=Category.objects.get(slug="platya"), decided_by="person"
    )
    assert categorise(products[:1], refresh=True).unchanged == 1
    assert decision(products[0]).category.slug == "platya"


def test_an_unsure_answer_goes_to_a_person(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    model.sure = 0.2
    assert categorise(products[:1]).needs_person == 1


def test_without_an_answer_the_neighbours_decide_for_now_and_the_question_stays_open(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    model.down = True
    result = categorise(products[:1])
    assert result.failed["transport"] == 1
    assert decision(products[0]).fingerprint == ""
    model.down = False
    assert categorise(products[:1]).asked == 1
    assert decision(products[0]).fingerprint != ""


def test_a_question_that_was_not_asked_for_a_replay_stays_open(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    assert categorise(products[:1], mode="replay").failed == {"not_in_ledger": 1}
    assert decision(products[0]).fingerprint == ""
    assert categorise(products[:1]).asked == model.asked == 1


def test_a_category_that_left_the_tree_is_decided_again(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    from vitrina.categories.models import Category, ProductCategory

    categorise(products[:1])
    gone = Category.objects.create(slug="gone", name_ru="Снято", path_ru="Снято", is_active=False)
    ProductCategory.objects.filter(product=products[0]).update(category=gone)
    assert categorise(products[:1]).asked == 1
    assert decision(products[0]).category.slug == "vitaminy"


def test_products_that_are_no_longer_listed_are_left_alone(
    categorise: Callable[..., Any], products: list[int], model: FakeModel
) -> None:
    from vitrina.catalog.models import Product

    Product.objects.update(listed=False)
    assert categorise(products).looked_at == 0
    assert model.asked == 0
