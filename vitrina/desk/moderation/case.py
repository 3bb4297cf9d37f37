"""One case in whole: its text in every way of looking, checks, the product's data, where it came from, its history.

Belongs here: reading. Stays out: taking and deciding the case, the list beside it (``listing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from vitrina.catalog.models import Product
from vitrina.content.models import ContentVersion
from vitrina.desk.editing import Words, to_lines
from vitrina.desk.marking import difference, marked_texts, paragraphs
from vitrina.desk.moderation.choosing import path_of
from vitrina.desk.moderation.doubts import Check, checks_of
from vitrina.desk.moderation.listing import title_of
from vitrina.desk.moderation.past import MOST_EVENTS, Event, Look, events_of, looks_of
from vitrina.desk.names import short_name
from vitrina.images.models import Picture, ProductPicture
from vitrina.review.blindness import barred, bases, shown_confidence, shown_newest, shown_version, unseen
from vitrina.review.models import ReviewItem
from vitrina.review.standing import compared_products

_MOST_PICTURES, _MOST_ATTRIBUTES = 8, 40


@dataclass(frozen=True, slots=True)
class Case:
    """All that the page of a case shows.

    Attributes:
        former: The version before, with which the text is compared.
        title_marked, text_marked: With doubts marked; ``search`` the same of the search engine's lines.
        changes: The text against the former one, word by word.
        seen: Number of the newest text of the product: a newer one at the decision is a conflict.
        origin: Pairs of name and value; empty where it is hidden, or for what nobody wrote.
        origin_hidden: The person compares texts of this product, so that who wrote them is not shown.
        category: Path of the product's category; empty where it has none.
        pictures: Hashes, in the feed's order.
        looks: What two people said whose difference this case settles; empty for all other cases.
    """

    item: ReviewItem
    title: str
    version: ContentVersion | None
    former: ContentVersion | None
    title_marked: SafeString
    text_marked: SafeString
    changes: SafeString
    seen: int | None
    checks: list[Check]
    facts: list[tuple[str, str]]
    category: str
    origin: list[tuple[str, str]]
    origin_hidden: bool
    run_id: str
    events: list[Event]
    pictures: list[str]
    looks: list[Look] = field(default_factory=list)
    picture_of: dict[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=Words)
    price: str = ""
    old_price: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.item.state == ReviewItem.State.OPEN


def find(user: User, item_id: int, *, to_decide: bool = False) -> ReviewItem | None:
    """A case by its number, of those that the person may see; pairs are not looked at here.

    Args:
        user: Who asks.
        item_id: Its number.
        to_decide: To be decided and not to be shown: who is too late is to hear that.
    """
    items = ReviewItem.objects.select_related(
        "product__source", "product__category__category", "version", "drop__source", "assignee"
    )
    kept = barred(user) if to_decide else unseen(user)
    return items.exclude(kind=ReviewItem.Kind.PAIR).filter(~kept, pk=item_id).first()


def read(user: User, item: ReviewItem) -> Case:
    """What a moderator may see of a case."""
    version, product = shown_version(item), item.product
    versions = _versions(item)
    former = _before(version, versions) if version is not None else None
    checks, doubts = checks_of(item, version)
    plain = to_lines(version.body) if version is not None else ""
    title, text = marked_texts([version.title if version is not None else "", plain], doubts)
    hidden = product is not None and bool(compared_products(user, [product.pk]))
    pictures = _pictures(product)
    return Case(
        item=item,
        title=title_of(item),
        version=version,
        former=former,
        title_marked=title,
        text_marked=paragraphs(text),
        changes=difference(f"{former.title}\n{to_lines(former.body)}", f"{version.title}\n{plain}")
        if former is not None and version is not None
        else SafeString(""),
        seen=shown_newest(item, versions[0].number, bases([item]).get(item.pk))
        if versions and item.kind == ReviewItem.Kind.TEXT
        else None,
        checks=checks,
        facts=_facts(item),
        category=path_of(product),
        origin=[] if hidden or version is None else _origin(item, version),
        origin_hidden=hidden,
        run_id="" if hidden or version is None else version.run_id,
        events=events_of(user, item, versions, hidden=hidden),
        pictures=[picture.pk for picture in pictures],
        looks=looks_of(item, hidden=hidden),
        picture_of={picture.thumb_key: picture.pk for picture in pictures},
        words=Words.of_version(version) if version is not None else _from_source(product),
        price=_money(product.price, product.currency) if product is not None and product.price is not None else "",
        old_price=_money(product.old_price, None) if product is not None and product.old_price is not None else "",
    )


def _versions(item: ReviewItem) -> list[ContentVersion]:
    """The newest texts of the product: one statement for what is compared with, what was seen, and the history."""
    if item.product_id is None:
        return []
    texts = ContentVersion.objects.filter(product=item.product_id).select_related("author").order_by("-number")
    return list(texts[:MOST_EVENTS])


def _before(version: ContentVersion, newest: list[ContentVersion]) -> ContentVersion | None:
    """The text before this one: among the newest, or looked for where there are more of them."""
    among = next((one for one in newest if one.number < version.number), None)
    if among is not None or len(newest) < MOST_EVENTS:
        return among
    earlier = ContentVersion.objects.filter(product=version.product_id, number__lt=version.number)
    return earlier.order_by("-number").first()


def _from_source(product: Product | None) -> Words:
    """What an editor begins with where no text could be made: the source's title."""
    return Words(title=product.title[:100]) if product is not None else Words()


def _pictures(product: Product | None) -> list[Picture]:
    if product is None:
        return []
    shown = ProductPicture.objects.filter(product=product, url__picture__state=Picture.State.STORED)
    rows = shown.select_related("url__picture").order_by("position")[:_MOST_PICTURES]
    found = {row.url.picture.pk: row.url.picture for row in rows if row.url.picture is not None}
    return [picture for picture in found.values() if picture.thumb_key]


def _facts(item: ReviewItem) -> list[tuple[str, str]]:
    if item.kind == ReviewItem.Kind.PRICE:
        old, new = item.details.get("old") or [None, None], item.details.get("new") or [None, None]
        change = [(_("Price now"), _money(*old)), (_("New price"), _money(*new))]
    else:
        change = []
    product = item.product
    if product is None:
        drop = item.drop
        name = [(_("Drop"), drop.name if drop is not None else item.key.removeprefix("list:"))]
        source = [(_("Source"), drop.source.name or drop.source.slug)] if drop is not None else []
        goods = item.details.get("products") or []
        return [*name, *source, (_("Products it concerns"), str(len(goods)))]
    pairs = [
        *change,
        (_("Number"), product.external_id),
        (_("Source"), product.source.name or product.source.slug),
        (_("Title in the source"), product.title),
        (_("Brand"), product.brand or "–"),
        (_("Price"), _money(product.price, product.currency)),
        (_("Category in the source"), product.category_hint or "–"),
    ]
    pairs += [(str(name), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
              for name, value in list(product.attributes.items())[:_MOST_ATTRIBUTES]]  # fmt: skip
    if product.description:
        pairs.append((_("Text of the source"), product.description[:1_500]))
    return pairs


def _money(amount: Any, currency: str | None) -> str:
    if amount is None:
        return _("unknown")
    return f"{number_format(Decimal(str(amount)), 2, force_grouping=True)} {currency or ''}".strip()


def _origin(item: ReviewItem, version: ContentVersion) -> list[tuple[str, str]]:
    writers = {
        ContentVersion.Origin.OFFLINE: _("offline writer"),
        ContentVersion.Origin.LLM: _("language model"),
        ContentVersion.Origin.PERSON: _("a person"),
    }
    pairs = [(_("Written by"), str(writers.get(ContentVersion.Origin(version.origin), version.origin)))]
    if version.author is not None:
        pairs.append((_("Author"), short_name(version.author)))
    if version.model:
        pairs.append((_("Model"), version.model))
    if version.prompt_version:
        pairs.append((_("Prompt"), version.prompt_version))
    choice = getattr(item.product, "category", None)
    if choice is not None and choice.category_id is not None:
        pairs.append((_("Confidence in the category"), f"{shown_confidence(item, choice.confidence):.0%}"))
    score = version.grounding.get("score")
    if isinstance(score, int | float):
        pairs.append((_("Claims that the data bear"), f"{score:.0%}"))
    return pairs
