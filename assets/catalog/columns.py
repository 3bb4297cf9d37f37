"""What the columns of the catalogue's tables mean, for the UI.

Belongs here: one sentence a column. Types come from the Django models, so only the meaning is written down. A test
fails where a name is not a column.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import dagster as dg

if TYPE_CHECKING:
    from django.db.models import Model

PRODUCT: Final[Mapping[str, str]] = {
    "source_id": "The parser, shop or supplier.",
    "external_id": "Identity within the source.",
    "identity": "Where the id is from: the file's own (`id`), the link (`url`), title and brand (`derived`).",
    "title": "As in the source, cleaned.",
    "description": "The source's own text, without markup.",
    "brand": "As in the source.",
    "price": "What a buyer pays, in units of `currency`; empty where unknown.",
    "currency": "ISO 4217.",
    "old_price": "The crossed-out price, where it is above `price`.",
    "price_note": "Why there is no price, or a remark on the one there is.",
    "category_hint": "The source's own category path.",
    "barcodes": "GTINs.",
    "available": "Empty where the file does not say.",
    "attributes": "Name as in the source → value.",
    "content_hash": "Of the fields that descriptions are made from: the same hash, no new text.",
    "drop_id": "The drop that most fields come from.",
    "field_drops": "Fields that come from another drop, and which.",
    "listed": "False once the source's full list no longer has it.",
}

PUBLICATION: Final[Mapping[str, str]] = {
    "product_id": "The product; it has one publication at most.",
    "version_id": "The immutable text that buyers see.",
    "category_id": "Category in the shop's own tree.",
    "price": "The price on show; it follows the source's within the bounds.",
    "old_price": "The crossed-out price on show.",
    "currency": "ISO 4217.",
    "available": "As the source last said.",
    "pictures": "Stored pictures on show, in order: keys, width and height.",
    "state": "published, unpublished (by a person) or delisted.",
    "published_at": "When it was first on show.",
    "updated_at": "When anything on show last changed.",
}


def table_schema(model: "type[Model]", meanings: Mapping[str, str]) -> dg.MetadataValue:
    """The described columns of a model's table. Django must be set up.

    Raises:
        LookupError: A described column does not exist.
    """
    from django.db import connection

    fields = {field.column: field for field in model._meta.concrete_fields}
    unknown = sorted(set(meanings) - set(fields))
    if unknown:
        raise LookupError(f"{model._meta.db_table} has no column {', '.join(unknown)}")
    columns = [
        dg.TableColumn(
            name,
            type=fields[name].db_type(connection) or "",
            description=meaning,
            constraints=dg.TableColumnConstraints(nullable=fields[name].null, unique=fields[name].unique),
        )
        for name, meaning in meanings.items()
    ]
    return dg.MetadataValue.table_schema(dg.TableSchema(columns=columns))
