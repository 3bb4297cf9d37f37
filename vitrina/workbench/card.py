"""All that a product's page shows, as plain values: texts with their states, log, decisions, calls of models, lineage.

Belongs here: reading, by a number of statements that does not depend on the product. Stays out: pages, changing
anything. Who has open pairs on a product is not told where its texts come from: those values are left out here, not in
the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Sum

from vitrina.catalog.models import Product, Publication
from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
from vitrina.desk.reasons import reasons_words
from vitrina.images.models import ProductPicture
from vitrina.llm.models import LlmAttempt
from vitrina.review.blindness import unheard, veiled, veiled_texts
from vitrina.review.effects import SHOWN
from vitrina.review.models import Decision, ReviewItem
from vitrina.review.standing import compared_products
from vitrina.workbench import words
from vitrina.workbench.words import Shown, Word

_VERSIONS, _LOG, _DECISIONS, _CALLS = 100, 20, 30, 50


@dataclass(frozen=True, slots=True)
class TextRow:
    """A version in the list. ``origin`` is empty for who may not know it."""

    version: ContentVersion
    state: Shown
    on_show: bool
    origin: Word
    model: str
    author: str


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture of the feed, in its order. ``sha256`` is empty where none is stored."""

    position: int
    sha256: str
    state: Word
    reason: str
    message: str
    width: int | None
    height: int | None
    quality: float | None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What a person decided. ``effect``: waits (its minute for undoing), in_effect, or void."""

    decision: Decision
    what: Word
    action: Word
    who: str
    reasons: str
    effect: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """A link into Dagster: an asset at the product's partition, or a run."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Requests to models for a product's texts. ``cost`` counts what is known."""

    rows: list[LlmAttempt]
    cost: Decimal
    unknown: int


ASSETS = ("parsed_products", "product_images", "image_analysis", "product_vectors", "product_categories",
          "product_descriptions", "moderation")  # fmt: skip


def product_of(product_id: int) -> Product | None:
    """The product with what its page needs of other tables."""
    joined = Product.objects.select_related("source", "drop", "category__category", "publication__version")
    return joined.filter(pk=product_id).first()


def is_blind(user: User, product_id: int) -> bool:
    """Whether the person still compares texts of this product, and must not learn where they come from."""
    return bool(compared_products(user, [product_id]))


def state_of(product: Product) -> Shown:
    """On show, off it, or not yet."""
    publication: Publication | None = getattr(product, "publication", None)
    return words.PUBLICATION[publication.state] if publication is not None else words.NOT_PUBLISHED


def texts_of(user: User, product: Product, *, blind: bool) -> list[TextRow]:
    """Versions, the newest first. Of a text that the person may be asked about again, no decision is told."""
    veil = veiled_texts(user, [product.pk])
    publication: Publication | None = getattr(product, "publication", None)
    rows = product.versions.select_related("verdict", "author").order_by("-number")[:_VERSIONS]
    found = []
    for row in rows:
        verdict: Verdict | None = getattr(row, "verdict", None)
        state = words.NO_VERDICT if verdict is None else words.VERDICT[verdict.approved, verdict.decided_by == "person"]
        on_show = publication is not None and publication.version_id == row.pk and publication.state == "published"
        author = row.author.get_full_name() or row.author.get_username() if row.author is not None else ""
        if row.pk in veil and not blind:
            known = veil[row.pk]
            sent = words.VERDICT[False, False]
            found.append(TextRow(row, sent, on_show, words.ORIGIN.get(known.origin, known.origin), known.model, ""))
        elif blind:
            found.append(TextRow(row, Shown(state.label, state.tone), on_show, "", "", ""))
        else:
            found.append(TextRow(row, state, on_show, words.ORIGIN.get(row.origin, row.origin), row.model, author))
    return found


def pictures_of(product: Product) -> list[PictureRow]:
    """Pictures in the feed's order, with what became of each address."""
    rows = ProductPicture.objects.filter(product=product).order_by("position")
    fields = ("position", "url__state", "url__reason", "url__message", "url__picture_id", "url__picture__state",
              "url__picture__width", "url__picture__height", "url__picture__analysis__quality")  # fmt: skip
    found = []
    for position, state, reason, message, sha, kept, width, height, quality in rows.values_list(*fields):
        stored = sha if kept == "stored" else ""
        known = words.PICTURE.get(state, state)
        found.append(PictureRow(position, stored or "", known, reason or "", message or "", width, height, quality))
    return found


def log_of(user: User, product: Product) -> list[ProcessingLog]:
    """The newest processings, for the page alone: where the person must not learn of a decision, none is in them."""
    veil = veiled_texts(user, [product.pk])
    rows = ProcessingLog.objects.filter(product=product).select_related("version", "moderator")
    found = list(rows.defer("input_data", "result", "stack_trace", "extracted_attributes").order_by("-id")[:_LOG])
    for row in found:
        if row.version_id in veil:
            row.status, row.moderator, row.notes = ProcessingLog.Status.MODERATION, None, ""
    return found


def decisions_of(user: User, product: Product, *, blind: bool) -> list[DecisionRow]:
    """What moderators decided about the product, the newest first, as far as the person may know it.

    Comparisons are not among it.
    """
    rows = Decision.objects.filter(item__product=product, undone_at=None).exclude(item__kind=ReviewItem.Kind.PAIR)
    rows = rows.exclude(unheard(user, veiled(user, [product.pk])))
    joined = rows.select_related("item", "decided_by").prefetch_related("outbox").order_by("-id")[:_DECISIONS]
    found = []
    for decision in joined:
        action = action_of(decision)
        if blind and decision.action == "edit":
            action = words.ACTION["approve"]
        by = decision.decided_by
        who = decision.decided_as or (by.get_full_name() or by.get_username() if by is not None else "")
        outbox = [row for row in decision.outbox.all() if row.consumer != "preferences"]
        waits = any(row.consumed_at is None and row.void_at is None for row in outbox)
        void = bool(outbox) and all(row.void_at is not None for row in outbox)
        effect = "void" if void or decision.superseded_by_id else "waits" if waits else "in_effect"
        what = words.LOOK.get(decision.item.look) or words.ITEM.get(decision.item.kind, decision.item.kind)
        found.append(DecisionRow(decision, what, action, who, reasons_words(decision.reasons), effect))
    return found


def action_of(decision: Decision) -> Word:
    """What was done, in words; being on show is decided by approve and reject of a case of its own."""
    if decision.item.key.startswith(SHOWN) and decision.action in {"approve", "reject"}:
        return words.ACTION["show" if decision.action == "approve" else "hide"]
    return words.ACTION.get(decision.action, decision.action)


def open_case(product: Product) -> ReviewItem | None:
    """The most urgent case for which the product waits."""
    cases = ReviewItem.objects.filter(product=product, state=ReviewItem.State.OPEN)
    cases = cases.exclude(look=ReviewItem.Look.SECOND)
    return cases.exclude(kind=ReviewItem.Kind.PAIR).order_by("priority", "id").first()


def calls_of(texts: Sequence[TextRow], log: Sequence[ProcessingLog]) -> Calls:
    """Ended requests that the product's texts and log name, by the ledger's keys."""
    keys = {key for row in texts for key in row.version.request_keys} | {key for row in log for key in row.request_keys}
    # Attempts that were tried again end with the last one; the index of the ledger holds ended ones by key.
    ended = LlmAttempt.objects.filter(key__in=keys, ended=True)
    shown = ended.defer("request_body", "reply_body", "content").order_by("-created_at")[:_CALLS]
    rows = list(shown) if keys else []
    sums: dict[str, Any] = ended.aggregate(cost=Sum("cost_usd")) if keys else {"cost": None}
    return Calls(rows, sums["cost"] or Decimal(0), sum(not row.cost_known for row in rows))


def lineage_of(product: Product, text: ContentVersion | None) -> list[Lineage]:
    """Where Dagster tells more: each asset at the drop of the product, and the runs that made what is seen."""
    links = [Lineage(name, f"/assets/{name}?partition={product.drop.key}&view=partitions") for name in ASSETS]
    links.append(Lineage("published_products", "/assets/published_products"))
    category = getattr(product, "category", None)
    runs = {
        "parsed_products": product.drop.run_id,
        "product_categories": category.run_id if category is not None else "",
        "product_descriptions": text.run_id if text is not None else "",
    }
    links += [Lineage(f"{name} · {run[:8]}", f"/runs/{run}") for name, run in runs.items() if run]
    return links
