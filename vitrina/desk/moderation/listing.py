"""The list of cases: views, filters that stand in the address, rows, and which case comes next.

Belongs here: reading. Stays out: taking a case (``vitrina.review.queue``), one case in whole (``case``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy

from vitrina.catalog.models import Source
from vitrina.content.models import ContentVersion
from vitrina.desk.asked import plain, whole
from vitrina.desk.names import short_name
from vitrina.desk.wording import check_title, priority_word
from vitrina.review.blindness import barred, bases, shown_newest
from vitrina.review.models import Lease, ReviewItem, SetAside
from vitrina.review.queue import holders
from vitrina.review.services import open_items

#: Rows of the list at a time; all of them are one statement.
PAGE = 50
VIEWS: dict[str, Any] = {
    "mine": gettext_lazy("Mine"),
    "urgent": gettext_lazy("Urgent"),
    "doubtful": gettext_lazy("Doubtful"),
    "all": gettext_lazy("All"),
}
KINDS: dict[str, Any] = {
    "text": gettext_lazy("Texts"),
    "price": gettext_lazy("Prices"),
    "list": gettext_lazy("Lists"),
}
#: Rules that doubt whether what the platform says is so; the others ask for a look or for more words.
DOUBTING = ("unsupported_claim", "picture_conflict", "low_confidence", "no_category", "language_mismatch",
            "duplicate_text")  # fmt: skip
_TRIED_NEXT = 10
#: One reason of each check, chosen where the cases lie: thousands of them may wait.
_RULES_IN_USE = """
SELECT DISTINCT ON (reason ->> 'rule') reason ->> 'rule', reason
FROM review_reviewitem, jsonb_array_elements(reasons) AS reason
WHERE state = 'open' AND kind <> 'pair' AND reason ->> 'rule' <> ''
ORDER BY reason ->> 'rule'
"""


def _doubtful() -> Q:
    condition = Q()
    for rule in DOUBTING:
        condition |= Q(reasons__contains=[{"rule": rule}])
    return condition


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked at, as it stands in the address; a person sends it to another by the link.

    Attributes:
        view: Of :data:`VIEWS`.
        words: Looked for in titles, numbers and sources' keys; all must be found.
        kind: Of :data:`KINDS`; empty: all.
        rule: A check that must have spoken; empty: any.
        source: Slug of a source; empty: all.
        free: Leave out what others hold or were given.
        page: Of the list; 0: the one with the case that is open.
    """

    view: str = "all"
    words: str = ""
    kind: str = ""
    rule: str = ""
    source: str = ""
    free: bool = False
    page: int = 0

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Filters:
        """Read from an address; what is not known there is left out."""
        view, kind = str(query.get("view", "")), str(query.get("kind", ""))
        return cls(
            view=view if view in VIEWS else "all",
            words=" ".join(plain(query.get("q")).split())[:200],
            kind=kind if kind in KINDS else "",
            rule=plain(query.get("why"), 60),
            source=plain(query.get("source"), 80),
            free=query.get("free") == "1",
            page=whole(query.get("page"), digits=6) or 0,
        )

    def address(self, **changed: Any) -> str:
        """The filters for a link, without what is as usual; ``page`` only where it is given."""
        values = {"view": self.view if self.view != "all" else "", "q": self.words, "kind": self.kind,
                  "why": self.rule, "source": self.source, "free": "1" if self.free else ""}  # fmt: skip
        return urlencode({name: value for name, value in {**values, **changed}.items() if value})

    @property
    def narrowed(self) -> int:
        """How many of the filters below the search are in use."""
        return sum(map(bool, (self.kind, self.rule, self.source, self.free)))

    def items(self, user: User) -> QuerySet[ReviewItem]:
        """Open cases that fit, the most urgent first."""
        items = open_items(kind=self.kind or None, again=True).exclude(barred(user))
        if self.view == "mine":
            items = items.filter(assignee=user)
        elif self.view == "urgent":
            items = items.filter(priority=1)
        elif self.view == "doubtful":
            items = items.filter(_doubtful())
        if self.rule:
            items = items.filter(reasons__contains=[{"rule": self.rule}])
        if self.source:
            items = items.filter(Q(product__source__slug=self.source) | Q(drop__source__slug=self.source))
        if self.free:
            items = items.filter(~_held_by_others(user), Q(assignee=None) | Q(assignee=user))
        for word in self.words.split():
            items = items.filter(
                Q(product__title__icontains=word)
                | Q(product__external_id__icontains=word)
                | Q(version__title__icontains=word)
                | Q(key__icontains=word)
            )
        return items


def _held_by_others(user: User) -> Exists:
    live = Lease.objects.filter(item=OuterRef("pk"), ended_at=None, until__gt=datetime.now(UTC))
    return Exists(live.exclude(user=user))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. ``number`` is the product's in its source; ``held_by`` is empty where nobody else holds the
    case."""

    pk: int
    title: str
    number: str
    priority: int
    word: str
    doubt: str
    created_at: datetime
    seen: int | None
    held_by: str
    given_to: str
    later: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, out of ``pages``; ``total`` cases fit the filters."""

    rows: list[Row]
    page: int
    pages: int
    total: int


def counts(user: User) -> dict[str, int]:
    """How many open cases each view holds; one pass."""
    return open_items(again=True).exclude(barred(user)).aggregate(
        all=Count("pk"), urgent=Count("pk", filter=Q(priority=1)), mine=Count("pk", filter=Q(assignee=user)),
        doubtful=Count("pk", filter=_doubtful()),
    )  # fmt: skip


def listed(user: User, filters: Filters, current: ReviewItem | None = None) -> Listed:
    """The page of the filters, or the one with the case that is open. Six statements at most, whatever its length."""
    items = filters.items(user)
    total = items.count()
    pages = max(1, -(-total // PAGE))
    page = filters.page
    if not page:
        before = 0 if current is None else items.filter(_before(current)).count()
        page = before // PAGE + 1
    page = min(max(page, 1), pages)
    newest = ContentVersion.objects.filter(product=OuterRef("product")).order_by("-number").values("number")[:1]
    shown = list(
        items.select_related(None).select_related("product", "version", "drop", "assignee")
        .annotate(newest=Subquery(newest))
        .only("key", "kind", "look", "priority", "reasons", "created_at", "product__title", "product__external_id",
              "version__title", "version__number", "drop__name", "assignee__first_name", "assignee__last_name",
              "assignee__email", "assignee__username")
        [(page - 1) * PAGE : page * PAGE]
    )  # fmt: skip
    ids = [item.pk for item in shown]
    held = {pk: holder for pk, (holder, _until) in holders(ids).items()}
    aside = SetAside.objects.filter(user=user, item__in=ids).exclude(kind=SetAside.Kind.BARRED)
    later = set(aside.values_list("item_id", flat=True))
    base = bases(shown)
    return Listed([_row(item, user, held, later, base.get(item.pk)) for item in shown], page, pages, total)


def _row(item: ReviewItem, user: User, held: Mapping[int, User], later: set[int], base: ContentVersion | None) -> Row:
    holder = held.get(item.pk)
    return Row(
        pk=item.pk,
        title=title_of(item),
        number=item.product.external_id if item.product is not None else "",
        priority=item.priority,
        word=priority_word(item.priority),
        doubt=check_title(item.reasons[0]) if item.reasons else "",
        created_at=item.created_at,
        seen=shown_newest(item, getattr(item, "newest", None), base) if item.kind == ReviewItem.Kind.TEXT else None,
        held_by=short_name(holder) if holder is not None and holder.pk != user.pk else "",
        given_to=short_name(item.assignee) if item.assignee is not None and item.assignee.pk != user.pk else "",
        later=item.pk in later,
    )


def title_of(item: ReviewItem) -> str:
    """What a case is called in lists."""
    if item.version is not None:
        return item.version.title
    if item.product is not None:
        return item.product.title
    return item.drop.name if item.drop is not None else item.key


def following(user: User, filters: Filters, after: ReviewItem | None) -> Sequence[int]:
    """Cases that could come next: below the given one as filtered, else from the top; free, and not put off."""
    items = filters.items(user).filter(~_held_by_others(user), Q(assignee=None) | Q(assignee=user))
    items = items.exclude(Exists(SetAside.objects.filter(user=user, item=OuterRef("pk"))))
    if after is None:
        return list(items.values_list("pk", flat=True)[:_TRIED_NEXT])
    items = items.exclude(pk=after.pk)
    below = list(items.exclude(_before(after)).values_list("pk", flat=True)[:_TRIED_NEXT])
    return below or list(items.values_list("pk", flat=True)[:_TRIED_NEXT])


def _before(item: ReviewItem) -> Q:
    return Q(priority__lt=item.priority) | Q(priority=item.priority, pk__lt=item.pk)


def put_off(user: User) -> int:
    """How many open cases this person put off."""
    return SetAside.objects.filter(
        user=user, kind=SetAside.Kind.SKIP, item__state=ReviewItem.State.OPEN, item__batch=None
    ).count()  # fmt: skip


def rules_in_use() -> list[tuple[str, str]]:
    """Checks that spoke in open cases, with their sentences: choices of the filter."""
    with connection.cursor() as cursor:
        cursor.execute(_RULES_IN_USE)
        found = [(rule, check_title(json.loads(reason))) for rule, reason in cursor.fetchall()]
    return sorted(found, key=lambda pair: pair[1])


def sources_in_use() -> list[tuple[str, str]]:
    """Sources by slug and name."""
    return [(slug, name or slug) for slug, name in Source.objects.order_by("name").values_list("slug", "name")]
