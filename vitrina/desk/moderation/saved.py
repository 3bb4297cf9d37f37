"""A moderator's own views of the list: its filters under a name.

Belongs here: keeping, naming and removing them, and what each of them asks for in words. Stays out: what filters mean
(``listing``). What is kept is an address, so a view is sent to a colleague by its link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs

from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from vitrina.catalog.models import Source
from vitrina.desk.asked import plain
from vitrina.desk.moderation.listing import KINDS, VIEWS, Filters
from vitrina.review.access import MODERATOR, require
from vitrina.review.models import SavedView

#: Views of one person: more would be a list to search in.
MOST = 20
LONGEST_NAME = 60
_RULE = re.compile(r"[a-z][a-z_]*")


class NotKept(Exception):
    """A view is not kept as asked; the message says why, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Own:
    """A view of the reader's. ``query`` holds known filters alone, whatever the table says."""

    pk: int
    name: str
    query: str

    @property
    def filters(self) -> Filters:
        """What it asks for."""
        return Filters.of(QueryDict(self.query))


def views_of(user: User) -> list[Own]:
    """The person's views, by name."""
    rows = SavedView.objects.filter(user=user).order_by("name").values_list("pk", "name", "query")
    return [Own(pk, name, Filters.of(QueryDict(query)).address()) for pk, name, query in rows]


def keep(user: User, name: str, asked: QueryDict) -> SavedView:
    """Keep the filters of an address under a name.

    Raises:
        NotKept: The address says something else than filters, or nothing; the name is none or taken; there are
            :data:`MOST` already.
        Forbidden: The person does not moderate.
    """
    require(user, MODERATOR)
    query = _query_of(asked)
    with _alone(user):
        if SavedView.objects.filter(user=user).count() >= MOST:
            raise NotKept(_("You have %(n)d saved views: remove one first.") % {"n": MOST})
        return SavedView.objects.create(user=user, name=_free_name(user, name), query=query)


def rename(user: User, pk: int, name: str) -> None:
    """Call a view of the person's otherwise.

    Raises:
        SavedView.DoesNotExist: It is none of theirs.
        NotKept: The name is none or taken.
    """
    with _alone(user):
        view = SavedView.objects.get(pk=pk, user=user)
        if view.name != (wanted := _free_name(user, name, besides=pk)):
            view.name = wanted
            view.save(update_fields=["name"])


def remove(user: User, pk: int) -> str:
    """Remove a view of the person's; its name.

    Raises:
        SavedView.DoesNotExist: It is none of theirs.
    """
    view = SavedView.objects.get(pk=pk, user=user)
    view.delete()
    return view.name


def told(filters: Filters, rules: dict[str, str], sources: dict[str, str]) -> str:
    """What filters ask for, in words; ``rules`` and ``sources`` name those in use."""
    parts = [
        str(VIEWS[filters.view]) if filters.view != "all" else "",
        str(KINDS[filters.kind]) if filters.kind else "",
        rules.get(filters.rule, filters.rule),
        sources.get(filters.source, filters.source),
        _("Only what is free") if filters.free else "",
        f"«{filters.words}»" if filters.words else "",
    ]
    return " · ".join(filter(None, parts))


@contextmanager
def _alone(user: User) -> Iterator[None]:
    """A transaction in which no other request keeps or names views of the person."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        yield


def _free_name(user: User, name: str, *, besides: int | None = None) -> str:
    words = " ".join(plain(name).split())
    wanted = "".join(sign for sign in words if sign.isprintable())[:LONGEST_NAME].strip()
    if not wanted:
        raise NotKept(_("Give the view a name."))
    # Compared here: what a small letter is depends on the locale of the database.
    others = SavedView.objects.filter(user=user).values_list("pk", "name")
    if wanted.casefold() in {other.casefold() for pk, other in others if pk != besides}:
        raise NotKept(_("You have a saved view of this name already."))
    return wanted


def _query_of(asked: QueryDict) -> str:
    """The address's filters, where it holds nothing else and each of them means what it says."""
    filters = Filters.of(asked)
    query = filters.address()
    if dict(asked.lists()) != parse_qs(query) or (filters.rule and not _RULE.fullmatch(filters.rule)):
        raise NotKept(_("This address holds something that is no filter of the list."))
    if filters.source and not Source.objects.filter(slug=filters.source).exists():
        raise NotKept(_("There is no such source."))
    if not query:
        raise NotKept(_("Nothing is filtered: choose something first."))
    return query
