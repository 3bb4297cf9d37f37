"""Processing one product now, and the run that does it.

Belongs here: requests and answers. Stays out: speaking to Dagster (``vitrina.workbench.dagster``).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access, Role, roles_of
from vitrina.api import examples
from vitrina.api.schema import operation
from vitrina.api.serializers.catalogue import Asked, ProcessBody, RunShape
from vitrina.api.views.base import ApiView, Http404, allow
from vitrina.catalog.models import Product
from vitrina.config import get_settings
from vitrina.content.models import DescriptionTemplate
from vitrina.desk.asked import whole
from vitrina.review.errors import NotDecidable
from vitrina.review.services import times_asked
from vitrina.review.standing import compared_products
from vitrina.workbench import dagster
from vitrina.workbench.options import ProcessingOptions

TAG = "catalogue"


class Process(ApiView):
    """Process a product now."""

    access = allow(POST=Access.MODERATOR)

    @operation("products_process", "Process a product now: a run of the platform, ahead of others", tag=TAG,
               request=ProcessBody, sends={"describe": True, "categorise": False, "force": True}, answer=Asked,
               example={"run": examples.RUN["run"]}, status=202, problems=(404, 503))  # fmt: skip
    def post(self, request: Request, product_id: int) -> Response:  # noqa: ARG002 - the body is read by its shape
        """The answer names the run; ask for its state."""
        asked = self.checked(ProcessBody)
        product = Product.objects.filter(pk=product_id).first()
        if product is None:
            raise Http404
        if not (asked["pictures"] or asked["categorise"] or asked["describe"]):
            raise NotDecidable("Choose at least one step.", hint="pictures, categorise or describe.")
        template = asked["template"]
        if template and not DescriptionTemplate.objects.filter(is_active=True, name=template).exists():
            raise NotDecidable(f"There is no active template {template}.")
        # Another try than all before it: the ledger must not answer with a text that stands already.
        tries = product.versions.count() + times_asked([product.pk]).get(product.pk, 0) + 1
        options = ProcessingOptions(**asked, again=tries if asked["force"] else 0)
        run = dagster.process(dagster.connected(get_settings()), product.pk, options, person=self.person.pk)
        return Response({"run": run}, status=202)


class RunOne(ApiView):
    """How far a run is."""

    access = allow(GET=Access.MODERATOR)

    @operation("runs_one", "How far a run is; ask again while it is going on", tag=TAG, answer=RunShape,
               example=examples.RUN, problems=(404, 503))  # fmt: skip
    def get(self, request: Request, run_id: UUID) -> Response:  # noqa: ARG002
        """What it says is left out where it could tell who wrote a text that the caller may compare."""
        state = dagster.state_of(dagster.connected(get_settings()), str(run_id))
        person = self.person
        if state is None or (state.job not in dagster.JOBS and Role.ADMIN not in roles_of(person)):
            raise Http404
        product = whole(state.tags.get(dagster.PRODUCT_TAG))
        blind = product is not None and bool(compared_products(person, [product]))
        lines: list[dict[str, Any]] = [{"at": line.at, "text": line.text, "bad": line.bad} for line in state.lines]
        return Response({
            "run": state.run_id, "status": state.status, "job": state.job, "going_on": state.going_on,
            "started": state.started, "ended": state.ended, "lines": [] if blind else lines,
        })  # fmt: skip
