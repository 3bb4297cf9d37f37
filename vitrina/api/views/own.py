"""What concerns the caller: who they are, their keys, their own last decisions.

Belongs here: requests and answers. Stays out: keys (``vitrina.accounts.tokens``), history (``vitrina.review.history``).
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.models import ApiToken
from vitrina.accounts.roles import Access, roles_of
from vitrina.accounts.tokens import make_token, revoke_token, tokens_of
from vitrina.api import examples
from vitrina.api.schema import operation
from vitrina.api.serializers.own import Keys, MadeKey, MeShape, NewKey
from vitrina.api.serializers.work import DecidedShape, OwnDecisions, Revision, UndoneShape
from vitrina.api.throttling import PerPersonAtWork
from vitrina.api.views.base import ApiView, Http404, allow
from vitrina.api.views.shapes import decided_shape, item_shape, own_shape
from vitrina.review.history import last_decisions, revise_case, revise_pair, undo
from vitrina.review.judgement import Judgement
from vitrina.review.models import Decision
from vitrina.review.standing import batches_for


class Me(ApiView):
    """The caller."""

    access = allow(GET=Access.SIGNED_IN)

    @operation("me", "Who calls, with roles and open batches", tag="own", answer=MeShape, example=examples.ME)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - the person is in the view
        """Name, roles, work."""
        person = self.person
        midnight = datetime.combine(datetime.now(UTC), time.min, UTC)
        decided = Decision.objects.filter(decided_by=person, created_at__gte=midnight, undone_at=None)
        return Response({
            "name": person.first_name, "email": person.email, "roles": sorted(role.value for role in roles_of(person)),
            "decided_today": decided.count(), "batches": list(batches_for(person).values_list("pk", flat=True)),
        })  # fmt: skip


class KeyList(ApiView):
    """The caller's keys."""

    access = allow(GET=Access.SIGNED_IN, POST=Access.SIGNED_IN)

    @operation("keys_list", "The caller's keys, without their secrets", tag="own", answer=Keys,
               example={"results": [examples.KEY]})  # fmt: skip
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Valid ones, the newest first."""
        return Response({"results": [key_shape(token) for token in tokens_of(self.person)]})

    @operation("keys_create", "Make a key; its secret is in this answer only. Not by another key: sign in",
               tag="own", request=NewKey, sends={"name": "night script", "days": 90}, answer=MadeKey,
               example=examples.NEW_KEY, status=201)  # fmt: skip
    def post(self, request: Request) -> Response:
        """A key that leaked must not be able to outlive itself."""
        if isinstance(request.auth, ApiToken):
            raise PermissionDenied(f"A key cannot make keys; sign in on the page {reverse('keys')}.")
        asked = self.checked(NewKey)
        token, secret = make_token(self.person, asked["name"], days=asked["days"])
        return Response(key_shape(token) | {"key": secret}, status=201)


class KeyOne(ApiView):
    """One key."""

    access = allow(DELETE=Access.SIGNED_IN)

    @operation("keys_revoke", "End a key", tag="own", status=204, problems=(404,))
    def delete(self, request: Request, number: UUID) -> Response:  # noqa: ARG002
        """It opens nothing from now on."""
        if not revoke_token(self.person, number):
            raise Http404
        return Response(status=204)


class OwnList(ApiView):
    """The caller's own last decisions."""

    access = allow(GET=Access.SIGNED_IN)

    @operation("decisions_own", "The caller's last twenty decisions, with sides as they were shown", tag="own",
               answer=OwnDecisions, example=examples.OWN)  # fmt: skip
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """The newest first; the first may still be undone."""
        rows = last_decisions(self.person)
        return Response({"results": [own_shape(row, newest=at == 0) for at, row in enumerate(rows)]})


class OwnOne(ApiView):
    """Another answer in place of a former one."""

    access = allow(POST=Access.SIGNED_IN)

    @operation("decisions_revise", "Change one of the caller's last twenty decisions", tag="own", request=Revision,
               sends={"side": "tie", "tie_kind": "both_bad"}, answer=DecidedShape,
               example=examples.DECIDED | {"next": None}, problems=(409,))  # fmt: skip
    def post(self, request: Request, decision_id: int) -> Response:  # noqa: ARG002
        """A decision that supersedes the former one."""
        answer = self.checked(Revision)
        if "side" in answer:
            kept = {name: answer[name] for name in ("side", "tie_kind", "reasons", "comment") if name in answer}
            return Response(decided_shape(revise_pair(self.person, decision_id, **kept), None))
        return Response(decided_shape(revise_case(self.person, decision_id, Judgement.of(answer)), None))


class Undo(ApiView):
    """Taking the last decision back."""

    access = allow(POST=Access.SIGNED_IN)
    throttle_classes = (PerPersonAtWork,)

    @operation("decisions_undo", "Take the last decision back, within a minute", tag="own", answer=UndoneShape,
               example={"item": examples.PAIR}, problems=(409, 422))  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """The item is the caller's again, as it was shown."""
        taken = undo(self.person)
        return Response({"item": item_shape(taken) if taken is not None else None})


def key_shape(token: ApiToken) -> dict[str, Any]:
    """A key without its secret."""
    return {"number": token.number, "name": token.name, "created": token.created, "expires": token.expiry,
            "used_on": token.used_on}  # fmt: skip
