"""Correcting the category with a decision: what the line may hold, and that the correction comes into effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.cases import EDIT, decide, form_of, make_cases, page

if TYPE_CHECKING:
    from django.test import Client

    from vitrina.categories.models import Category

pytestmark = pytest.mark.usefixtures("database")
DRESSES, SHIRTS = "Одежда > Женщинам > Платья", "Одежда > Мужчинам > Рубашки"


@pytest.fixture
def tree() -> dict[str, Category]:
    from vitrina.categories.models import Category

    paths = {"dresses": DRESSES, "shirts": SHIRTS, "women": "Одежда > Женщинам", "gone": "Прежняя"}
    return {
        slug: Category.objects.create(
            slug=slug, name_ru=path.rsplit(" > ", 1)[-1], path_ru=path, is_active=slug != "gone"
        )
        for slug, path in paths.items()
    }


def put_into(product: Any, category: Category) -> None:
    from vitrina.categories.models import ProductCategory

    ProductCategory.objects.create(
        product=product, category=category, confidence=0.4, decided_by="classifier", fingerprint="f"
    )


def last_category() -> str:
    from vitrina.review.models import Decision

    return str(Decision.objects.latest("pk").category)


def test_the_line_holds_the_present_category_and_left_as_it_is_corrects_nothing(
    maria: Client, tree: dict[str, Category]
) -> None:
    [item] = make_cases()
    put_into(item.product, tree["dresses"])
    html = page(maria, f"/moderation/{item.pk}/")
    assert f'name="category" list="categories" value="{DRESSES.replace(">", "&gt;")}"' in html
    assert f'<option value="{SHIRTS.replace(">", "&gt;")}">' in html
    assert "Прежняя" not in html
    assert decide(maria, item, form_of(maria, item, action="approve", category=DRESSES)).status_code == 302
    assert last_category() == ""


def test_a_line_names_a_category_by_path_slug_or_its_own_last_part(maria: Client, tree: dict[str, Category]) -> None:
    lines = [SHIRTS, f"  {SHIRTS.lower()} ", "shirts", "рубашки"]
    for item, line in zip(make_cases(len(lines)), lines, strict=True):
        assert decide(maria, item, form_of(maria, item, action="approve", category=line)).status_code == 302
        assert last_category() == "shirts"


def test_a_correction_is_in_effect_after_the_minute_and_teaches_the_classifier(
    maria: Client, tree: dict[str, Category]
) -> None:
    from django.db import transaction

    from tests.review.passing import let_pass
    from vitrina.categories.models import CategoryLabel, ProductCategory
    from vitrina.review.services import consume_publication

    [item] = make_cases()
    put_into(item.product, tree["dresses"])
    decide(maria, item, form_of(maria, item, action="approve", category=SHIRTS))
    with transaction.atomic():
        consume_publication(run_id="r1")
    assert ProductCategory.objects.get().category == tree["dresses"], "within the minute"
    let_pass()
    with transaction.atomic():
        consume_publication(run_id="r2")
    now = ProductCategory.objects.get()
    assert (now.category, now.confidence, now.decided_by) == (tree["shirts"], 1.0, "person")
    assert CategoryLabel.objects.filter(category=tree["shirts"], origin="person").count() == 1


def test_a_category_that_there_is_not_is_said_and_what_was_typed_stands(
    maria: Client, tree: dict[str, Category]
) -> None:
    from vitrina.review.models import Decision

    [item] = make_cases()
    for line in ("Обувь", "Прежняя", "<b>"):
        answer = decide(maria, item, form_of(maria, item, **EDIT, category=line))
        text = answer.content.decode()
        assert answer.status_code == 422
        assert "Такой категории нет" in text
        assert "Новый заголовок" in text
        assert f'value="{line.replace("<", "&lt;").replace(">", "&gt;")}"' in text
    assert Decision.objects.count() == 0


def test_an_edit_takes_the_correction_along_and_a_rejection_does_not(maria: Client, tree: dict[str, Category]) -> None:
    first, second = make_cases(2)
    decide(maria, first, form_of(maria, first, **EDIT, category="Женщинам"))
    assert last_category() == "women"
    decide(maria, second, form_of(maria, second, action="reject", reasons="category", category="nonsense"))
    assert last_category() == ""


def test_who_changes_a_decision_finds_their_own_correction_in_the_line(
    maria: Client, tree: dict[str, Category]
) -> None:
    [item] = make_cases()
    put_into(item.product, tree["dresses"])
    decide(maria, item, form_of(maria, item, action="approve", category=SHIRTS))
    assert f'value="{SHIRTS.replace(">", "&gt;")}" maxlength' in page(maria, f"/moderation/{item.pk}/")
