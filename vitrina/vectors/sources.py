"""What each collection holds: the documents of categories, templates and products, and the texts that a fit sees.

Belongs here: turning rows of the catalogue into documents, and ``refresh``, which brings a collection to them. Stays
out: how documents become vectors (``services``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import BigIntegerField, QuerySet
from django.db.models.functions import Cast

from vitrina.catalog.models import Product
from vitrina.config import Settings
from vitrina.content.html import to_text
from vitrina.content.models import DescriptionTemplate
from vitrina.errors import PermanentError
from vitrina.vectors.dense import in_mode, open_dense
from vitrina.vectors.dense import refit as refit_embedder
from vitrina.vectors.index import CATEGORIES, PRODUCTS, TEMPLATES, VectorIndex
from vitrina.vectors.models import StoredVector
from vitrina.vectors.services import Document, VectorSync, sync

#: Titles of a fit: 21,609 took 8.4 s and 0.7 GB; more of them change the directions little.
FIT_PRODUCTS = 30_000
_TEXT = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Where a collection's documents come from.

    Attributes:
        documents: All that there are.
        obsolete: Physical collection → keys in it that exist no longer, for collections that are brought up to date
            by parts.
    """

    documents: Callable[[], Iterable[Document]]
    obsolete: Callable[[str], Iterable[str]] | None = None


def category_documents() -> Iterator[Document]:
    """One a category: path and synonyms in every language."""
    from vitrina.categories.services import load_tree

    tree = load_tree()
    for node in tree.nodes:
        payload = {"slug": node.slug, "path": tree.path(node.slug), "leaf": node.slug in tree.leaves}
        yield Document(node.slug, tree.document(node.slug), payload)


def template_documents() -> Iterator[Document]:
    """One an active template: name, category path, text."""
    for row in DescriptionTemplate.objects.filter(is_active=True).select_related("category").order_by("name"):
        slug, path = (row.category.slug, row.category.path_ru) if row.category else ("", "")
        yield Document(
            row.name,
            f"{row.name}. {path}. {to_text(row.content)}",
            {"name": row.name, "type": row.template_type, "language": row.language, "category": slug},
        )


def product_documents(drop_keys: Sequence[str] | None = None) -> Iterator[Document]:
    """One a listed product, of these drops or of all: title, brand, source category, beginning of the text."""
    products: QuerySet[Product] = Product.objects.filter(listed=True)
    if drop_keys is not None:
        products = products.filter(drop__key__in=list(drop_keys))
    fields = ("id", "title", "brand", "category_hint", "description", "source__slug")
    for pk, title, brand, hint, text, source in products.order_by("id").values_list(*fields).iterator(chunk_size=2000):
        parts = [title, brand or "", hint or "", (text or "")[:_TEXT]]
        yield Document(str(pk), " ".join(part for part in parts if part), {"source": source})


def delisted(physical: str) -> list[str]:
    """Keys of products that the shop no longer lists: a search for similar goods must not offer them."""
    rows = StoredVector.objects.filter(collection=physical).annotate(product=Cast("key", BigIntegerField()))
    return list(
        rows.exclude(product__in=Product.objects.filter(listed=True).values("id")).values_list("key", flat=True)
    )


SOURCES = {
    CATEGORIES: Source(category_documents),
    TEMPLATES: Source(template_documents),
    PRODUCTS: Source(product_documents, delisted),
}


def corpus() -> Iterator[str]:
    """Texts that a fit sees: categories, labelled titles, templates, and the newest products' titles."""
    from vitrina.categories.models import CategoryLabel

    for documents in (category_documents, template_documents):
        yield from (document.text for document in documents())
    yield from CategoryLabel.objects.order_by("id").values_list("title", flat=True).iterator(chunk_size=5000)
    titles = Product.objects.filter(listed=True).order_by("-id").values_list("title", flat=True)
    yield from titles[:FIT_PRODUCTS].iterator(chunk_size=5000)


def refresh(
    alias: str,
    index: VectorIndex,
    settings: Settings,
    *,
    drop_keys: Sequence[str] | None = None,
    mode: str | None = None,
    run_id: str = "",
    progress: Callable[[int], None] | None = None,
) -> VectorSync:
    """Bring a logical collection to the catalogue's state with the embedder of the settings.

    Args:
        drop_keys: Only products of these drops are looked at (delisted ones of all drops go all the same); after a
            change of embedder all products are.
        mode: Instead of ``AI_MODE``.

    Raises:
        PermanentError: There is no such collection.
    """
    source = SOURCES.get(alias)
    if source is None:
        raise PermanentError(f"There is no collection {alias!r}.", hint=f"There are {', '.join(sorted(SOURCES))}.")
    part = alias == PRODUCTS and drop_keys is not None
    documents = product_documents(drop_keys) if part else source.documents()
    with open_dense(in_mode(settings, mode), corpus=corpus, run_id=run_id) as dense:
        return sync(
            alias, documents, index, dense=dense, complete=not part, everything=source.documents,
            obsolete=source.obsolete, progress=progress,
        )  # fmt: skip


def refit(index: VectorIndex, settings: Settings) -> list[VectorSync]:
    """A new fit on today's catalogue (or the configured model asked anew), then every collection goes over to it."""
    refit_embedder(settings, corpus)
    return [refresh(alias, index, settings) for alias in SOURCES]
