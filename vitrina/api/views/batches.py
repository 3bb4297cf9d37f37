"""Batches of pairs and the rules people work by.

Belongs here: requests and answers. Stays out: rules of batches (``vitrina.review.batches``), files (``transfer``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access, Role, may_open, roles_of
from vitrina.api import examples
from vitrina.api.schema import operation
from vitrina.api.serializers.batches import (
    BatchChange,
    BatchShape,
    GoldRows,
    GuidelinesShape,
    NewBatch,
    NewGuidelines,
    ProgressShape,
    VoidBody,
    Voided,
)
from vitrina.api.views.base import ApiView, Http404, allow, get_object_or_404
from vitrina.review.access import may_work
from vitrina.review.batches import change_batch, create_batch, set_state
from vitrina.review.errors import NotDecidable
from vitrina.review.gold import failing
from vitrina.review.guidelines import newest_guidelines, pseudonyms, publish_guidelines
from vitrina.review.models import Annotator, Batch, GuidelinesVersion
from vitrina.review.standing import batches_for, progress
from vitrina.review.voiding import void_votes

TAG = "batches"


class BatchList(ApiView):
    """Batches."""

    access = allow(GET=Access.SIGNED_IN, POST=Access.ADMIN)

    @operation("batches_list", "Batches: administrators see all, others those they may work on", tag=TAG,
               answer=BatchShape(many=True),
               example=examples.BATCH,
               parameters=[OpenApiParameter("state", str, enum=Batch.State.values)], problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """The most urgent first."""
        if Role.ADMIN not in roles_of(self.person):
            return Response([batch_shape(batch) for batch in batches_for(self.person)])
        batches = Batch.objects.prefetch_related("members").order_by("-pk")
        state = request.query_params.get("state")
        if state is not None and state not in Batch.State.values:
            raise serializers.ValidationError({"state": f"Known: {', '.join(Batch.State.values)}."})
        if state is not None:
            batches = batches.filter(state=state)
        return Response([batch_shape(batch, whole=True) for batch in batches])

    @operation("batches_create", "Make an open batch without pairs", tag=TAG, request=NewBatch,
               sends=examples.NEW_BATCH, answer=BatchShape, example=examples.BATCH_WHOLE, status=201)  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """With the newest guidelines of its topic."""
        wanted = self.checked(NewBatch)
        rules = newest_guidelines(topic := wanted.pop("topic"))
        if rules is None:
            raise NotDecidable(f"There are no guidelines of the topic {topic}.", hint="Publish them first.")
        members = people(wanted.pop("members", []))
        batch = create_batch(self.person, guidelines=rules, members=members, **wanted)
        return Response(batch_shape(batch, whole=True), status=201)


class BatchOne(ApiView):
    """One batch."""

    access = allow(GET=Access.SIGNED_IN, PATCH=Access.ADMIN)

    @operation("batches_one", "One batch", tag=TAG, answer=BatchShape, example=examples.BATCH, problems=(404,))
    def get(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """As the caller's role sees it."""
        batch = visible_batch(self.person, batch_id)
        return Response(batch_shape(batch, whole=Role.ADMIN in roles_of(self.person)))

    @operation("batches_change", "Pause a batch, open it again, close it; its people and shares", tag=TAG,
               request=BatchChange, sends={"state": "paused"}, answer=BatchShape,
               example=examples.BATCH_WHOLE | {"state": "paused"}, problems=(404,))  # fmt: skip
    def patch(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """Of a paused one, what people hold is still accepted."""
        batch = get_object_or_404(Batch, pk=batch_id)
        wanted = self.checked(BatchChange)
        state, members = wanted.pop("state", None), wanted.pop("members", None)
        with transaction.atomic():
            if wanted or members is not None:
                chosen = people(members) if members is not None else None
                batch = change_batch(self.person, batch, members=chosen, **wanted)
            if state is not None:
                set_state(self.person, batch, state)
        return Response(batch_shape(batch, whole=True))


class BatchProgress(ApiView):
    """How far a batch is. For administrators: votes on work move it and gold does not, which would tell gold apart."""

    access = allow(GET=Access.ADMIN)

    @operation("batches_progress", "How far a batch is", tag=TAG, answer=ProgressShape, example=examples.PROGRESS,
               problems=(404,))  # fmt: skip
    def get(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """One pass over its items: ask now and then, not after each decision."""
        return Response(asdict(progress(get_object_or_404(Batch, pk=batch_id))))


class BatchGold(ApiView):
    """Who fails the gold."""

    access = allow(GET=Access.ADMIN)

    @operation("batches_gold", "Who answers too many gold pairs wrong", tag=TAG, answer=GoldRows, problems=(404,),
               example=examples.FAILING)  # fmt: skip
    def get(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """By pseudonym."""
        rows = failing(get_object_or_404(Batch, pk=batch_id))
        names = pseudonyms(rows)
        return Response({"results": [
            {"annotator": names[pk], "answered": row.answered, "right": row.right, "share": row.share}
            for pk, row in rows.items()
        ]})  # fmt: skip


class BatchVoid(ApiView):
    """Votes that are not to count."""

    access = allow(POST=Access.ADMIN)

    @operation("batches_void", "Take a person's votes of a batch out of the count", tag=TAG, request=VoidBody,
               sends={"annotator": "annotator-3f0a9c11aa", "reason": "Always the left one."}, answer=Voided,
               example={"voided": 41}, problems=(404,))  # fmt: skip
    def post(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """The pairs wait for others; who used the votes is told."""
        asked = self.checked(VoidBody)
        batch = get_object_or_404(Batch, pk=batch_id)
        count = void_votes(self.person, annotator(asked["annotator"]), reason=asked["reason"], batch=batch)
        return Response({"voided": count})


class Guidelines(ApiView):
    """New rules."""

    access = allow(POST=Access.ADMIN)

    @operation("guidelines_publish", "The next version of a topic's rules", tag=TAG, request=NewGuidelines,
               sends={"topic": "sense", "body_ru": "# Правила", "body_en": "# Rules"}, answer=GuidelinesShape,
               example=examples.GUIDELINES, status=201)  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Batches keep the version that they were made with."""
        wanted = self.checked(NewGuidelines)
        return Response(GuidelinesShape(publish_guidelines(self.person, **wanted)).data, status=201)


class GuidelinesOne(ApiView):
    """Rules to work by."""

    access = allow(GET=Access.SIGNED_IN)

    @operation("guidelines_one", "One version of the rules", tag=TAG, answer=GuidelinesShape,
               example=examples.GUIDELINES, problems=(404,))  # fmt: skip
    def get(self, request: Request, guidelines_id: int) -> Response:  # noqa: ARG002
        """For people who work: any role."""
        if not roles_of(self.person):
            raise Http404
        return Response(GuidelinesShape(get_object_or_404(GuidelinesVersion, pk=guidelines_id)).data)


def batch_shape(batch: Batch, *, whole: bool = False) -> dict[str, Any]:
    """A batch as it leaves; ``whole`` for administrators."""
    shape = dict(BatchShape(batch).data)
    if not whole:
        shape.pop("figures", None)
    return shape


def visible_batch(person: User, batch_id: int) -> Batch:
    """A batch that the person administers or may work on; a 404 for others, who need not know of it."""
    batch = get_object_or_404(Batch, pk=batch_id)
    if not may_open(person, Access.ADMIN) and not may_work(person, batch):
        raise Http404
    return batch


def people(addresses: list[str]) -> list[User]:
    """Accounts of addresses.

    Raises:
        ValidationError: One has none.
    """
    found = {user.email.lower(): user for user in User.objects.filter(email__in=addresses, is_active=True)}
    missing = sorted({address.lower() for address in addresses} - set(found))
    if missing:
        raise serializers.ValidationError({"members": f"No account: {', '.join(missing)}."})
    return list(found.values())


def annotator(name: str) -> User:
    """The person of a pseudonym or an address.

    Raises:
        ValidationError: There is none.
    """
    by_name = Annotator.objects.filter(pseudonym=name).select_related("user").first()
    user: Any = by_name.user if by_name is not None else User.objects.filter(email__iexact=name).first()
    if user is None:
        raise serializers.ValidationError({"annotator": f"Nobody is known as {name}."})
    return user
