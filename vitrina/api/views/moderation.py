"""The moderators' queue: lists, taking a certain case, many at once, flags.

Belongs here: requests and answers. Stays out: deciding one case (``work``), every rule (``vitrina.review``).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access, may_open
from vitrina.api import examples
from vitrina.api.filters import ItemFilter
from vitrina.api.schema import operation
from vitrina.api.serializers.moderation import (
    AssignBody,
    Assigned,
    FlagAnswer,
    FlagShape,
    ItemShape,
    Many,
    ManyDone,
)
from vitrina.api.serializers.work import CaseItem
from vitrina.api.throttling import PerPersonAtWork
from vitrina.api.views.base import ApiView, Http404, allow
from vitrina.api.views.lists import FilteredList, ListView
from vitrina.api.views.shapes import item_shape, name_of
from vitrina.review.aside import answer_flag, flagged
from vitrina.review.blindness import barred, unseen
from vitrina.review.judgement import Judgement
from vitrina.review.models import ReviewItem
from vitrina.review.moderating import assign, decide_many
from vitrina.review.queue import claim, holders

TAG = "moderation"


class Items(FilteredList):
    """Items of the queue."""

    access = allow(GET=Access.MODERATOR)
    filterset_class = ItemFilter

    @operation("items_list", "Items of the queue: cases for moderators, pairs as well for administrators", tag=TAG,
               answer=ItemShape(many=True), example=examples.ITEM, problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """The newest first."""
        return self.answer(request)

    def rows(self) -> Any:
        """Pairs are seen by who makes batches; others meet them blind."""
        return visible_items(self.person)

    def shapes(self, page: list[Any]) -> list[Any]:
        """With who holds them."""
        held = holders([item.pk for item in page])
        return [_shape(item, held.get(item.pk)) for item in page]


class ItemOne(ApiView):
    """One item."""

    access = allow(GET=Access.MODERATOR)

    @operation("items_one", "One item, without taking it", tag=TAG, answer=ItemShape, example=examples.ITEM,
               problems=(404,))  # fmt: skip
    def get(self, request: Request, item_id: int) -> Response:  # noqa: ARG002
        """As it stands."""
        item = visible_items(self.person).filter(pk=item_id).first()
        if item is None:
            raise Http404
        return Response(_shape(item, holders([item.pk]).get(item.pk)))


class Claim(ApiView):
    """Taking a certain case."""

    access = allow(POST=Access.MODERATOR)
    throttle_classes = (PerPersonAtWork,)

    @operation("items_claim", "Take a certain case; decide it by the token of the answer", tag=TAG, answer=CaseItem,
               example=examples.CASE, problems=(404, 409, 422))  # fmt: skip
    def post(self, request: Request, item_id: int) -> Response:  # noqa: ARG002
        """What the caller held else is given back."""
        cases = ReviewItem.objects.exclude(kind=ReviewItem.Kind.PAIR)
        if not cases.filter(~barred(self.person), pk=item_id).exists():
            raise Http404
        return Response(item_shape(claim(self.person, item_id)))


class DecideMany(ApiView):
    """Many at once."""

    access = allow(POST=Access.MODERATOR)

    @operation("items_decide", "Approve, reject or reprocess several cases; what others hold is left", tag=TAG,
               request=Many, sends={"items": [{"item": 12, "seen_version": 2}], "action": "approve"}, answer=ManyDone,
               example={"decided": [12], "failed": {"15": "Item 15 is held by somebody else."}})  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Each case is a transaction of its own."""
        asked = self.checked(Many)
        items = {row["item"]: row.get("seen_version") for row in asked.pop("items")}
        done, failed = decide_many(self.person, items.items(), Judgement.of(asked))
        return Response({
            "decided": [row.item_id for row in done], "failed": {str(pk): str(error) for pk, error in failed.items()},
        })  # fmt: skip


class Assign(ApiView):
    """Whose cases they are."""

    access = allow(POST=Access.MODERATOR)

    @operation("items_assign", "Give open cases to a moderator, or to nobody in particular", tag=TAG,
               request=AssignBody, sends={"items": [12], "to": "me"}, answer=Assigned,
               example={"assigned": 1})  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """`me` is the caller."""
        asked = self.checked(AssignBody)
        to: User | None = None
        if asked["to"] == "me":
            to = self.person
        elif asked["to"] is not None:
            to = User.objects.filter(email__iexact=asked["to"], is_active=True).first()
            if to is None:
                raise serializers.ValidationError({"to": f"{asked['to']} has no account."})
        return Response({"assigned": assign(self.person, asked["items"], to)})


class Flags(ListView):
    """Flags that wait."""

    access = allow(GET=Access.MODERATOR)

    @operation("flags_list", "Items that somebody took out of the queue, the oldest first", tag=TAG,
               answer=FlagShape(many=True), example=examples.FLAG, problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """Who flagged is not said: it is about the item."""
        return self.answer(request)

    def rows(self) -> Any:
        """Not answered yet."""
        return flagged().exclude(item__in=ReviewItem.objects.filter(barred(self.person)))

    def shapes(self, page: list[Any]) -> list[Any]:
        """Item, reason, comment."""
        return [
            {"item": row.item_id, "kind": row.item.kind, "batch": row.item.batch_id, "reason": row.reason,
             "comment": row.comment, "created_at": row.created_at}
            for row in page
        ]  # fmt: skip


class FlagOne(ApiView):
    """The answer to a flag."""

    access = allow(POST=Access.MODERATOR)

    @operation("flags_answer", "Open a flagged item again for others, or withdraw it for good", tag=TAG,
               request=FlagAnswer, sends={"reopen": True, "comment": "Both texts are whole."}, answer=ItemShape,
               example=examples.ITEM, problems=(409,))  # fmt: skip
    def post(self, request: Request, item_id: int) -> Response:  # noqa: ARG002
        """Who flagged it does not get it again."""
        asked = self.checked(FlagAnswer)
        item = answer_flag(self.person, item_id, reopen=asked["reopen"], comment=asked.get("comment", ""))
        return Response(_shape(item, None))


def visible_items(person: User) -> Any:
    """Cases, and for administrators pairs; none from which the person could tell a second look from a first one."""
    items = ReviewItem.objects.select_related("assignee").exclude(unseen(person))
    return items if may_open(person, Access.ADMIN) else items.exclude(kind=ReviewItem.Kind.PAIR)


def _shape(item: ReviewItem, held: Any) -> dict[str, Any]:
    return {
        "id": item.pk, "kind": item.kind, "state": item.state, "priority": item.priority, "product": item.product_id,
        "batch": item.batch_id, "part": item.part, "need": item.need, "done": item.done, "held": item.held,
        "reasons": item.reasons, "assignee": name_of(item.assignee), "held_by": name_of(held[0]) if held else None,
        "created_at": item.created_at, "resolved_at": item.resolved_at, "resolution": item.resolution,
    }  # fmt: skip
