"""The job that the desk asks for, on real tables; and its questions against Dagster's own schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Processed


def test_every_question_of_the_desk_fits_dagsters_schema() -> None:
    from dagster_graphql.schema import create_schema
    from graphql import parse, validate

    from vitrina.servers import graphql, launch
    from vitrina.workbench import dagster

    schema = create_schema().graphql_schema
    for query in (dagster._RUN, launch._LAUNCH, graphql._RUNS):
        assert validate(schema, parse(query)) == []


def test_what_the_desk_sends_is_what_the_job_takes() -> None:
    import dagster as dg

    from pipelines.product_jobs import ProductSelection, process_products
    from vitrina.workbench.options import ProcessingOptions

    chosen = ProcessingOptions(pictures=True, again=3, template="Платья").model_dump()
    assert ProductSelection(product_ids=[1], **chosen).model_dump() == {"product_ids": [1], **chosen}
    config = {"ops": {"process_chosen": {"config": {"product_ids": [1], **chosen}}}}
    assert dg.validate_run_config(process_products, config)


@pytest.mark.slow
def test_forced_texts_are_other_texts_and_a_run_tried_again_makes_none_twice(processed: Processed) -> None:
    from tests.fakes.catalogue import calls, run
    from vitrina.catalog.models import Product
    from vitrina.content.models import ContentVersion, DescriptionTemplate

    product = Product.objects.filter(listed=True, versions__isnull=False).order_by("pk").first()
    assert product is not None
    template = DescriptionTemplate.objects.filter(is_active=True, language="ru").order_by("name").first()
    assert template is not None

    def process(**options: Any) -> None:
        chosen = {"product_ids": [product.pk], "categorise": False, **options}
        run("process_products", processed.instance, run_config={"ops": {"process_chosen": {"config": chosen}}})

    def texts() -> int:
        return ContentVersion.objects.filter(product=product).count()

    before, asked = texts(), calls()
    process()
    assert (texts(), calls()) == (before, asked)  # what stands stays
    process(force=True, again=before + 1)
    assert texts() == before + 1
    assert calls() > asked
    process(template=template.name)
    made = ContentVersion.objects.filter(product=product).order_by("-number").first()
    assert made is not None
    assert made.templates in ([template.name], [])  # the embedded writer may not name what it was shown
    after = texts()
    process(template=template.name)
    assert texts() == after


@pytest.mark.slow
def test_a_template_that_is_gone_fails_the_run_in_words(processed: Processed) -> None:
    from tests.fakes.catalogue import run
    from vitrina.catalog.models import Product
    from vitrina.errors import PermanentError

    pk = Product.objects.filter(listed=True).values_list("pk", flat=True)[0]
    chosen = {"product_ids": [pk], "categorise": False, "template": "нет такого"}
    with pytest.raises(PermanentError, match="no active template"):
        run("process_products", processed.instance, run_config={"ops": {"process_chosen": {"config": chosen}}})
