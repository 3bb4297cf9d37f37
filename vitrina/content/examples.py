"""Which templates a product's prompt shows: its category's own first, then the nearest by vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vitrina.content.facts import ProductFacts
from vitrina.content.models import DescriptionTemplate
from vitrina.content.templates import category_sheets
from vitrina.errors import PermanentError
from vitrina.vectors.index import TEMPLATES, VectorIndex
from vitrina.vectors.searching import nearest


def nearest_examples(
    facts: Sequence[ProductFacts], index: VectorIndex, language: str, mode: str | None = None
) -> Mapping[int, Sequence[tuple[str, str]]]:
    """Product id → (name, text) of at most two templates; ``mode`` is that of the gateway."""
    sheets = category_sheets(language)
    texts = dict(DescriptionTemplate.objects.filter(is_active=True).values_list("name", "content"))
    queries = [f"{item.category_path or ''} {item.title}" for item in facts]
    hits = nearest(TEMPLATES, queries, index, k=4, where={"language": language, "type": "description"}, mode=mode)
    chosen: dict[int, list[tuple[str, str]]] = {}
    for item, found in zip(facts, hits, strict=True):
        sheet = sheets.get(item.category_slug or "")
        names = [name for name, _ in sheet.examples] if sheet else []
        names += [hit.key for hit in found if hit.key not in names]
        chosen[item.product_id] = [(name, texts[name]) for name in names if name in texts][:2]
    return chosen


def named_example(facts: Sequence[ProductFacts], name: str) -> Mapping[int, Sequence[tuple[str, str]]]:
    """The one template that a person chose, for every product.

    Raises:
        PermanentError: There is no active template of that name.
    """
    text = DescriptionTemplate.objects.filter(name=name, is_active=True).values_list("content", flat=True).first()
    if text is None:
        raise PermanentError(f"There is no active template {name!r}.", hint="Choose another one.")
    return {item.product_id: [(name, text)] for item in facts}
