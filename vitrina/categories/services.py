"""Categories in the database: the tree, labelled titles, trained models.

Belongs here: moving the tree between file and tables, training on the labels there, finding the active model. Stays
out: fitting and prediction (``training``, ``model``), deciding for products (``categorising``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

from django.db import transaction

from vitrina.categories.model import CategoryModel
from vitrina.categories.models import Category, CategoryLabel, CategoryModelVersion
from vitrina.categories.training import LabelledTitle, train
from vitrina.categories.tree import CategoryNode, CategoryTree
from vitrina.fingerprints import fingerprint
from vitrina.objects import ObjectStore
from vitrina.vectors.ngrams import normalise
from vitrina.warehouse import copy_upsert

#: Where the shop's category tree lies in the object store.
TREE_KEY = "reference/categories.yaml"
#: Labelled titles lie beside it: CSV files with ``title`` and ``category_slug``.
LABELS_PREFIX = "reference/labels/"
_TREE_ORIGIN = "tree"


@dataclass(frozen=True, slots=True)
class TreeSync:
    """What a sync did."""

    created: int
    updated: int
    unchanged: int
    deactivated: int
    labels: int


def title_hash(title: str) -> UUID:
    """Hash of the normalised title: the same words in another case are the same label."""
    return UUID(bytes=blake2b(normalise(title).encode(), digest_size=16).digest())


def sync_tree(tree: CategoryTree) -> TreeSync:
    """Bring the tables to the tree's state. Categories that the tree lacks are switched off, never deleted."""
    with transaction.atomic():
        ids = dict(Category.objects.values_list("slug", "id"))
        created = updated = unchanged = 0
        for node in tree.nodes:  # parents first, so that their ids are known
            row = (
                node.slug, ids[node.parent] if node.parent else None, node.name("ru"), node.names.get("tr", ""),
                node.names.get("en", ""), tree.path(node.slug), {k: list(v) for k, v in node.synonyms.items()},
                tree.needs_review(node.slug), True,
            )  # fmt: skip
            result = copy_upsert(Category, _COLUMNS, [row], key=("slug",))
            created, updated, unchanged = (
                created + result.inserted, updated + result.updated, unchanged + result.unchanged,
            )  # fmt: skip
            if node.slug not in ids:
                ids[node.slug] = Category.objects.values_list("id", flat=True).get(slug=node.slug)
        slugs = [node.slug for node in tree.nodes]
        gone = Category.objects.filter(is_active=True).exclude(slug__in=slugs).update(is_active=False)
        labels = [(label.title, label.slug) for label in tree.labelled() if label.is_title]
        keep = {(title_hash(title), ids[slug]) for title, slug in labels}
        add_labels(((title, slug) for title, slug in labels), _TREE_ORIGIN)
        for label in CategoryLabel.objects.filter(origin=_TREE_ORIGIN):
            if (label.title_hash, label.category_id) not in keep:
                label.delete()
    return TreeSync(created, updated, unchanged, gone, len(keep))


_COLUMNS = ("slug", "parent", "name_ru", "name_tr", "name_en", "path_ru", "synonyms", "needs_review", "is_active")


def add_labels(labels: Iterable[tuple[str, str]], origin: str) -> int:
    """Add (title, slug) labels that are not there; returns how many were new. Unknown slugs are left out."""
    ids = dict(Category.objects.values_list("slug", "id"))
    rows = {(title_hash(title), ids[slug]): (title, title_hash(title), ids[slug], origin)
            for title, slug in labels if slug in ids}  # fmt: skip
    return copy_upsert(
        CategoryLabel,
        ("title", "title_hash", "category", "origin"),
        rows.values(),
        key=("title_hash", "category"),
        compare=(),
    ).inserted


def load_tree() -> CategoryTree:
    """The active tree of the database."""
    rows = list(Category.objects.filter(is_active=True).select_related("parent"))
    examples: dict[int, list[str]] = {}
    for title, category in CategoryLabel.objects.order_by("id").values_list("title", "category_id"):
        examples.setdefault(category, []).append(title)
    active = {row.pk for row in rows}
    return CategoryTree(
        CategoryNode(
            slug=row.slug,
            parent=row.parent.slug if row.parent is not None and row.parent_id in active else None,
            names={k: v for k, v in (("ru", row.name_ru), ("tr", row.name_tr), ("en", row.name_en)) if v},
            synonyms={language: tuple(words) for language, words in row.synonyms.items()},
            examples=tuple(examples.get(row.pk, ())),
            needs_review=row.needs_review,
        )
        for row in rows
    )


def tree_fingerprint(tree: CategoryTree) -> str:
    """Changes when a category appears, goes or is renamed; labels do not count."""
    return fingerprint(
        [(node.slug, node.parent, dict(node.names)) for node in sorted(tree.nodes, key=lambda n: n.slug)]
    )


def training_set() -> list[LabelledTitle]:
    """Labels of the database, a person's counting twice, with names and synonyms as words without a figure."""
    tree = load_tree()
    rows = [label for label in tree.labelled() if not label.is_title]
    people = set(CategoryLabel.objects.filter(origin="person").values_list("title", flat=True))
    rows += [
        LabelledTitle(title, node.slug, weight=2.0 if title in people else 1.0)
        for node in tree.nodes
        for title in node.examples
    ]
    return rows


def train_model(
    store: ObjectStore, *, progress: Callable[[str, int, int], None] | None = None
) -> tuple[CategoryModelVersion, bool]:
    """Train on today's labels and make the result the active model.

    Returns:
        The version, and whether it is new: the same labels give the same fit and change nothing.
    """
    model = train(training_set(), progress=progress)
    existing = CategoryModelVersion.objects.filter(fit_hash=model.fit_hash).first()
    if existing is not None and existing.is_active:
        return existing, False
    key = f"models/category/{model.fit_hash}.npz"
    with tempfile.TemporaryDirectory(prefix="vitrina-model-") as folder:
        path = Path(folder) / "model.npz"
        model.save(path)
        store.upload(key, path)
    with transaction.atomic():
        CategoryModelVersion.objects.filter(is_active=True).update(is_active=False)
        version, _ = CategoryModelVersion.objects.update_or_create(
            fit_hash=model.fit_hash,
            defaults={
                "object_key": key,
                "labels": model.n_labels,
                "classes": len(model.classes),
                "automatic_threshold": model.automatic_threshold,
                "metrics": dict(model.metrics),
                "is_active": True,
            },
        )
    return version, True


def active_model(store: ObjectStore) -> CategoryModel | None:
    """The active model, loaded once a process; ``None`` before the first training."""
    version = CategoryModelVersion.objects.filter(is_active=True).first()
    if version is None:
        return None
    key = version.object_key
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = _load(store, key)
    return _loaded[key]


#: The last model: its key holds the fit's hash, so the same key is the same model.
_loaded: dict[str, CategoryModel] = {}


def _load(store: ObjectStore, key: str) -> CategoryModel:
    local = store.local_path(key)
    if local is not None:
        return CategoryModel.load(local)
    with tempfile.TemporaryDirectory(prefix="vitrina-model-") as folder:
        path = Path(folder) / "model.npz"
        store.download(key, path)
        return CategoryModel.load(path)
