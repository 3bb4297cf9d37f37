"""What may be said of a product: the only input of writers and of the grounding check.

Belongs here: the record and its canonical JSON form (it is the data part of the prompt and of the fingerprint).
Stays out: how facts are found in text (``vitrina.lexicon``, ``vitrina.content.grounding``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, frozen=True)
class ProductFacts:
    """A product as writers see it. Text is the source's own, in any of Russian, Turkish, English.

    Attributes:
        product_id: Database id; echoed by the answer, so that an answer can never land on another product.
        title: Title as the source has it.
        brand: ``None`` when unknown.
        description: The source's own text; may be hostile, is only data.
        category_slug: The category that was chosen, ``None`` when there is none.
        category_path: Its path in Russian, ``"Одежда > Женщинам > Платья"``.
        attributes: Attribute name as in the source → value as text.
        category_facts: Sentences of templates that are marked as facts of the category (use, care, size advice).
        language: Language to write in, ``ru`` or ``en``.
    """

    product_id: int
    title: str
    brand: str | None = None
    description: str | None = None
    category_slug: str | None = None
    category_path: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    category_facts: tuple[str, ...] = ()
    language: str = "ru"

    def as_dict(self) -> dict[str, Any]:
        """The canonical JSON object: stable key order is the serialiser's business."""
        return {
            "product_id": self.product_id,
            "title": self.title,
            "brand": self.brand,
            "description": self.description,
            "category_slug": self.category_slug,
            "category_path": self.category_path,
            "attributes": dict(self.attributes),
            "category_facts": list(self.category_facts),
            "language": self.language,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ProductFacts:
        """The reverse of :meth:`as_dict`; unknown keys are refused by ``TypeError``."""
        data = dict(value)
        data["category_facts"] = tuple(data.get("category_facts") or ())
        return cls(**data)
