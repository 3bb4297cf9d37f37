"""What the quality benchmark measures: texts of the catalogue, or of a file."""

from __future__ import annotations

from pathlib import Path

import orjson
from pydantic import ValidationError

from vitrina.content.contract import Description
from vitrina.content.facts import ProductFacts
from vitrina.errors import PermanentError


def catalogue_items() -> list[tuple[Description, ProductFacts]]:
    """The newest text of each product that keeps the contract's form, with its facts. Needs the database."""
    from django.db.models import OuterRef, Subquery

    from vitrina.content.models import ContentVersion

    newest = ContentVersion.objects.filter(product=OuterRef("product")).order_by("-number").values("pk")[:1]
    rows = ContentVersion.objects.filter(pk=Subquery(newest)).order_by("product_id").values_list("content", "facts")
    return [(Description.model_validate(content), ProductFacts.from_dict(facts)) for content, facts in rows if content]


def file_items(path: Path) -> list[tuple[Description, ProductFacts]]:
    """Lines of ``{"description": {…}, "facts": {…}}``.

    Raises:
        PermanentError: a line is of another form; the message has its number.
    """
    items = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
            items.append((Description.model_validate(value["description"]), ProductFacts.from_dict(value["facts"])))
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise PermanentError(
                f"{path.name}, line {number}: {_fault(error)}.", hint='A line is {"description": {…}, "facts": {…}}.'
            ) from error
    return items


def _fault(error: Exception) -> str:
    """What is wrong with a line, in one line."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_input=False)
        shown = [
            f"{'.'.join(map(str, ('description', *f['loc'])))}: {f['msg'].removeprefix('Value error, ')}"
            for f in faults
        ]
        return "; ".join(shown[:5]) + (f"; and {len(shown) - 5} more" if len(shown) > 5 else "")
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    if isinstance(error, orjson.JSONDecodeError):
        return f"it is not JSON ({error.msg})"
    return "it is of another form"
