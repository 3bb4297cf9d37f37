"""Working on the queue: the next item, the answer, keeping it and giving it back.

Belongs here: requests and answers. Stays out: every rule (``vitrina.review``).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access
from vitrina.api import examples
from vitrina.api.schema import operation
from vitrina.api.serializers.work import (
    Answer,
    CaseItem,
    DecidedShape,
    FlagBody,
    NextQuery,
    PairItem,
    SkipBody,
    Until,
)
from vitrina.api.throttling import PerPersonAtWork
from vitrina.api.views.base import ApiView, allow, get_object_or_404
from vitrina.api.views.shapes import NOTHING_HEADER, decided_shape, item_shape
from vitrina.review.aside import flag, skip
from vitrina.review.comparing import decide_pair
from vitrina.review.judgement import Judgement
from vitrina.review.leases import beat, release, release_all
from vitrina.review.models import Batch
from vitrina.review.moderating import decide_case
from vitrina.review.queue import next_item
from vitrina.review.results import Decided, Nothing, Taken

ITEM = PolymorphicProxySerializer("Item", [PairItem, CaseItem], resource_type_field_name=None)
TAG = "queue"


class _Work(ApiView):
    throttle_classes = (PerPersonAtWork,)


class Next(_Work):
    """The next item of the caller's."""

    access = allow(GET=Access.SIGNED_IN)

    @operation(
        "items_next", "The next pair of a batch, or the next case: the same one until it is answered", tag=TAG,
        answer=ITEM, example=examples.PAIR, parameters=[NextQuery], nothing=True, problems=(404, 422),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Take it. Asking twice gives the same one, so the request may be repeated."""
        query = request.query_params
        data: dict[str, Any] = {name: query[name] for name in ("batch", "ahead", "assigned") if name in query}
        if "kind" in query:
            data["kind"] = query.getlist("kind")
        asked = self.checked(NextQuery, data)
        batch = get_object_or_404(Batch, pk=asked["batch"]) if "batch" in asked else None
        kinds = tuple(asked["kind"]) if "kind" in asked else None
        found = next_item(self.person, batch=batch, kinds=kinds, ahead=asked["ahead"], assigned=asked["assigned"])
        if isinstance(found, Nothing):
            return nothing_now(found)
        return Response(item_shape(found))


class Decide(_Work):
    """The answer to an item that the caller holds."""

    access = allow(POST=Access.SIGNED_IN)

    @operation(
        "leases_decide", "Answer a pair or a case; the same answer sent twice is one decision", tag=TAG,
        request=Answer, sends=examples.ANSWER, answer=DecidedShape, example=examples.DECIDED, problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, token: UUID) -> Response:  # noqa: ARG002 - the person is in the view
        """Decide, and take the next item where it is asked for. The decision stands whatever comes after it."""
        answer = self.checked(Answer)
        wants_next = answer.pop("next")
        if "side" in answer:
            known = ("side", "tie_kind", "reasons", "comment", "active_ms")
            decided = decide_pair(self.person, token, **{name: answer[name] for name in known if name in answer})
        else:
            decided = decide_case(self.person, token, Judgement.of(answer))
        return Response(decided_shape(decided, self._following(decided) if wants_next else None))

    def _following(self, decided: Decided) -> Taken | Nothing:
        return next_item(self.person, batch=Batch.objects.filter(items=decided.item_id).first())


class Beat(_Work):
    """Keeping what one holds."""

    access = allow(POST=Access.SIGNED_IN)

    @operation("leases_beat", "Keep the item: once a minute while it is in view", tag=TAG, answer=Until,
               example={"until": "2026-11-21T10:20:00Z"}, problems=(409,))  # fmt: skip
    def post(self, request: Request, token: UUID) -> Response:  # noqa: ARG002
        """Extend what the caller holds."""
        return Response({"until": beat(self.person, token)})


class Release(_Work):
    """Giving an item back."""

    access = allow(POST=Access.SIGNED_IN)

    @operation("leases_release", "Give the item back undecided", tag=TAG, status=204)
    def post(self, request: Request, token: UUID) -> Response:  # noqa: ARG002
        """Also where it was not held any more."""
        release(self.person, token)
        return Response(status=204)


class ReleaseAll(_Work):
    """Giving everything back."""

    access = allow(POST=Access.SIGNED_IN)

    @operation("leases_release_all", "Give back all that the caller holds: on leaving", tag=TAG, status=204)
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Others get the items at once."""
        release_all(self.person)
        return Response(status=204)


class Skip(_Work):
    """Not me."""

    access = allow(POST=Access.SIGNED_IN)

    @operation("leases_skip", "Leave the item to others", tag=TAG, request=SkipBody, sends={"reason": "unsure"},
               status=204, problems=(409,))  # fmt: skip
    def post(self, request: Request, token: UUID) -> Response:  # noqa: ARG002
        """The caller does not see it again."""
        skip(self.person, token, **self.checked(SkipBody))
        return Response(status=204)


class Flag(_Work):
    """Nobody."""

    access = allow(POST=Access.SIGNED_IN)

    @operation("leases_flag", "Take the item out of the queue until a moderator answers", tag=TAG, request=FlagBody,
               sends={"reason": "broken", "comment": "Both texts are cut off."}, status=204,
               problems=(409,))  # fmt: skip
    def post(self, request: Request, token: UUID) -> Response:  # noqa: ARG002
        """It waits on the list of flags."""
        flag(self.person, token, **self.checked(FlagBody))
        return Response(status=204)


def nothing_now(found: Nothing) -> Response:
    """204 with the reason in a header, and when to ask again."""
    answer = Response(status=204, headers={NOTHING_HEADER: found.reason})
    if found.retry_after is not None:
        answer.headers["Retry-After"] = str(found.retry_after)
    return answer
