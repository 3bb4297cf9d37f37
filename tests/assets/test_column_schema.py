"""The described columns are columns of the tables."""

from __future__ import annotations

from typing import cast

import dagster as dg
import pytest

from assets.catalog.columns import PRODUCT, PUBLICATION, table_schema


def test_described_columns_exist_and_have_types(database: str) -> None:
    from vitrina.catalog.models import Product, Publication

    for model, meanings in ((Product, PRODUCT), (Publication, PUBLICATION)):
        columns = cast(dg.TableSchema, table_schema(model, meanings).value).columns
        assert [column.name for column in columns] == list(meanings)
        assert all(column.type for column in columns)


def test_a_name_that_is_no_column_is_an_error(database: str) -> None:
    from vitrina.catalog.models import Product

    with pytest.raises(LookupError, match="colour"):
        table_schema(Product, {"colour": "…"})
