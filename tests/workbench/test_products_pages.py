"""The list of products and the page of one, over planted data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.catalog.making import catalogue, day, parsed, take, verdict, version

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("database")
HOSTILE = "<script>alert(1)</script>"


def goods() -> dict[str, Any]:
    take(day(0), [
        parsed("A-1", f"Платье {HOSTILE}", brand="Mavi", description=f"Хлопок {HOSTILE}", attributes={"Цвет": HOSTILE}),
        parsed("A-2", "Крем для рук", price=None),
    ])  # fmt: skip
    return catalogue()


def published(product: Any, made: Any, **fields: Any) -> Any:
    from vitrina.catalog.models import Publication
    from vitrina.catalog.publication_marks import publication_mark

    row = Publication(product=product, version=made, price=Decimal(100), currency="RUB", **fields)
    row.fingerprint = publication_mark(row)
    row.save()
    return row


def text(client: Client, address: str, **more: Any) -> str:
    answer = client.get(address, **{"headers": {"accept-language": "en"}, **more})
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_list_shows_what_a_person_knows_a_product_by(client_of: Callable[..., Client]) -> None:
    products = goods()
    published(products["A-1"], version(products["A-1"]))
    page = text(client_of("moderator"), "/products/")
    assert "A-1" in page
    assert "On show" in page
    assert "Not published yet" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_words_filters_and_pages_stand_in_the_address(client_of: Callable[..., Client]) -> None:
    take(day(0), [parsed(str(n), f"Платье номер {n}") for n in range(60)])
    client = client_of("moderator")
    page = text(client, "/products/?q=платья&source=shop")
    assert "60 products" in page
    assert "page=2" in page
    assert "q=%D0%BF%D0%BB%D0%B0%D1%82%D1%8C%D1%8F" in page
    assert "Платье номер 0<" in text(client, "/products/?q=платья&page=2")
    assert "There is no drop" in text(client, "/products/?drop=none")
    assert "No product fits this" in text(client, "/products/?q=платья&page=999")
    assert "60 products" in text(client, "/products/?q=платья&page=99999999999999999999")
    assert "No product fits this" in text(client, "/products/?q=%00%27%22%3C")


def test_an_empty_catalogue_leads_to_handing_in_a_list(client_of: Callable[..., Client]) -> None:
    client = client_of("moderator")
    for path in ("/products/", "/products/?q=платье", "/products/?q=платье&by=meaning"):
        page = text(client, path)
        assert "There is no product yet" in page, path
        assert page.count('href="/drops/new/"') == 2, "among the parts, and here"
        assert "No product fits" not in page


def test_a_list_without_vectors_says_that_there_is_nothing_to_compare(client_of: Callable[..., Client]) -> None:
    products = goods()
    client = client_of("moderator")
    assert "nothing to compare" in text(client, f"/products/?like={products['A-1'].pk}")
    assert "nothing to compare" in text(client, "/products/?q=платье&by=meaning")


def test_a_busy_index_is_named_and_the_table_answers(
    client_of: Callable[..., Client], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.vectors import similar
    from vitrina.vectors.index import PRODUCTS
    from vitrina.vectors.locking import exclusive
    from vitrina.vectors.pointers import active_collection
    from vitrina.vectors.services import opened_index
    from vitrina.vectors.sources import refresh

    products = goods()
    take(day(1), [parsed("A-3", "Крем для рук ночной")])
    with opened_index(settings) as index:
        refresh(PRODUCTS, index, settings)
    client = client_of("moderator")
    assert "by the vector index" in text(client, f"/products/?like={products['A-2'].pk}")
    collection = active_collection(PRODUCTS)
    assert collection is not None
    monkeypatch.setattr(similar, "WAIT_SECONDS", 0.05)
    with exclusive(settings.vitrina_home / "vectors" / f"{collection.index_name}.lock", timeout=1, what="the test"):
        page = text(client, "/products/?q=увлажняющий крем&by=meaning")
    assert "The vector index was busy" in page
    assert "Крем для рук ночной" in page


def planted() -> Any:
    """A product with two texts, a log, a decision, a call, on show."""
    from django.contrib.auth.models import User

    from vitrina.content.models import ProcessingLog
    from vitrina.llm.models import LlmAttempt
    from vitrina.review.models import Decision, ReviewItem

    product = goods()["A-1"]
    first = version(product, 1, body="<p>Платье из льна и хлопка</p>", model="secret-model", request_keys=["k1"])
    second = version(product, 2, body="<p>Платье из хлопка</p>", model="secret-model", prompt_version="p7",
                     run_id="11111111-2222-3333-4444-555555555555")  # fmt: skip
    verdict(first, approved=False, by="person")
    verdict(second)
    published(product, second)
    ProcessingLog.objects.create(product=product, version=first, processing_type="description_only", status="failed",
                                 model="secret-model", cost_usd=Decimal("0.00123"), error_message="late answer",
                                 request_keys=["k1"])  # fmt: skip
    LlmAttempt.objects.create(key="k1", model="secret-model", status="ok", ended=True, cost_usd=Decimal("0.00123"),
                              cost_known=True, purpose="product_description", created_at=datetime.now(UTC))  # fmt: skip
    item = ReviewItem.objects.create(kind="text", key=f"version:{first.pk}", product=product, version=first,
                                     state="rejected")  # fmt: skip
    who = User.objects.create(username="olga", first_name="Ольга")
    Decision.objects.create(item=item, action="reject", reasons=["wrong_fact"], comment="лён выдуман", decided_by=who)
    return product


def test_a_product_shows_texts_differences_log_decisions_and_cost(client_of: Callable[..., Client]) -> None:
    product = planted()
    client = client_of("moderator")
    page = text(client, f"/products/{product.pk}/?version=2&tab=diff")
    for words in ("<del>", "льна", "Approved by the rules", "Refused by a person", "late answer", "Ольга", "refused",
                  "A fact is wrong", "лён выдуман", "secret-model", "0.00123", "on show"):  # fmt: skip
        assert words in page, words
    assert HOSTILE not in page
    assert "/assets/product_descriptions" not in page


def test_lineage_into_dagster_is_for_administrators(client_of: Callable[..., Client]) -> None:
    product = planted()
    page = text(client_of("admin"), f"/products/{product.pk}/")
    assert f"/assets/product_descriptions?partition={product.drop.key}" in page
    assert "/runs/11111111-2222-3333-4444-555555555555" in page


def test_who_compares_texts_of_a_product_is_not_told_where_they_come_from(
    client_of: Callable[..., Client], person: Callable[..., Any]
) -> None:
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.results import PairDraft

    product = planted()
    admin = person("admin", "boss@example.com")
    rules = publish_guidelines(admin, "sense", body_ru="Правила", body_en="Rules")
    batch = create_batch(admin, name="b", question_ru="?", question_en="?", guidelines=rules, role="moderator")
    add_pairs(batch, [PairDraft("Текст один", "Текст два", product_id=product.pk)])
    page = text(client_of("moderator"), f"/products/{product.pk}/?version=2")
    assert "You still compare texts" in page
    for secret in ("secret-model", "Language model", "0.00123", "p7", "11111111", "late answer"):
        assert secret not in page, secret
    batch.state = "closed"
    batch.save()
    from django.contrib.auth.models import User

    client = client_of("admin")
    assert User.objects.filter(groups__name="admin").count() == 2
    assert "secret-model" in text(client, f"/products/{product.pk}/?version=2")


def test_a_product_costs_the_same_statements_however_many_texts_it_has(
    client_of: Callable[..., Client], django_statements: Any
) -> None:
    product = planted()
    client = client_of("moderator")
    client.get(f"/products/{product.pk}/")
    few = django_statements(lambda: client.get(f"/products/{product.pk}/"))
    for number in range(3, 30):
        verdict(version(product, number))
    many = django_statements(lambda: client.get(f"/products/{product.pk}/"))
    assert few == many
    assert many < 40


def test_an_unknown_product_is_not_found(client_of: Callable[..., Client]) -> None:
    assert client_of("moderator").get("/products/4711/").status_code == 404


def test_pages_are_in_russian_too(client_of: Callable[..., Client]) -> None:
    product = planted()
    page = text(client_of("moderator"), f"/products/{product.pk}/", headers={"accept-language": "ru"})
    assert "Журнал обработки" in page
