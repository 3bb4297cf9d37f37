"""Decisions as a list, and files of items and decisions in both directions.

Belongs here: requests and answers. Stays out: rows (``vitrina.api.transfer``), formats (``vitrina.api.files``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access
from vitrina.api import examples
from vitrina.api.files import CsvParser, LinesParser, Table, stream
from vitrina.api.filters import DecisionFilter, ItemFilter, filtered
from vitrina.api.schema import operation
from vitrina.api.serializers.batches import Imported
from vitrina.api.serializers.decisions import DecisionShape
from vitrina.api.transfer import (
    DECISION_COLUMNS,
    ITEM_COLUMNS,
    decision_row,
    decision_rows,
    import_pairs,
    import_votes,
    item_rows,
)
from vitrina.api.views.base import ApiView, allow, get_object_or_404
from vitrina.api.views.lists import FilteredList
from vitrina.review.guidelines import pseudonyms
from vitrina.review.models import Batch, Decision, ReviewItem

TAG = "files"
FORMAT = OpenApiParameter("format", str, enum=["csv", "jsonl"], default="jsonl", description="JSON Lines by default.")
FILE = {"text/csv": OpenApiTypes.STR, "application/x-ndjson": OpenApiTypes.STR}
_PAIR_CSV = "first,second,prompt\r\nЛёгкое платье из хлопка.,Платье. Хлопок.,Платье\r\n"
_VOTE_CSV = "pair,annotator,choice\r\n0f3c9a71d2b4e5f60718293a4b5c6d7e,olga@example.com,A\r\n"


class _Format(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=["csv", "jsonl"], default="jsonl")


class _Exports(FilteredList):
    """A list that leaves whole, as a file."""

    def export(self, name: str, columns: tuple[str, ...], rows: Any) -> Any:
        """Streamed, so that its length costs no memory."""
        kind = self.checked(_Format, {k: v for k, v in self.request.query_params.items() if k == "format"})["format"]
        return stream(kind, name, columns, rows)


class Decisions(FilteredList):
    """Decisions."""

    access = allow(GET=Access.ADMIN)
    filterset_class = DecisionFilter

    @operation("decisions_list", "Decisions, the newest first, under pseudonyms", tag="decisions",
               answer=DecisionShape(many=True), example=examples.DECISION, problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """Superseded, undone and void ones too, unless `standing=true`."""
        return self.answer(request)

    def rows(self) -> Any:
        """All."""
        return Decision.objects.select_related("item__pair")

    def shapes(self, page: list[Any]) -> list[Any]:
        """With pseudonyms."""
        names = pseudonyms({row.decided_by_id for row in page if row.decided_by_id is not None})
        return [decision_row(row, names.get(row.decided_by_id, "command line")) for row in page]


class DecisionsExport(_Exports):
    """Decisions as a file."""

    access = allow(GET=Access.ADMIN)
    filterset_class = DecisionFilter
    pagination_class = None  # type: ignore[assignment]

    @operation("decisions_export", "Decisions as JSON Lines or CSV, the oldest first", tag=TAG, parameters=[FORMAT],
               answer=OpenApiTypes.STR, media="application/x-ndjson", example='{"decision":981,"choice":"A"}\n',
               problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Any:
        """Under pseudonyms; the same filters as the list."""
        rows = filtered(DecisionFilter, request, Decision.objects.all())
        return self.export("decisions", DECISION_COLUMNS, decision_rows(rows))


class ItemsExport(_Exports):
    """Items as a file."""

    access = allow(GET=Access.ADMIN)
    filterset_class = ItemFilter
    pagination_class = None  # type: ignore[assignment]

    @operation("items_export", "Items as JSON Lines or CSV; pairs of it can be imported into another batch", tag=TAG,
               parameters=[FORMAT], answer=OpenApiTypes.STR, media="application/x-ndjson",
               example='{"item":12,"kind":"pair","first":"…","second":"…"}\n', problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Any:
        """The same filters as the list."""
        rows = filtered(ItemFilter, request, ReviewItem.objects.all())
        return self.export("items", ITEM_COLUMNS, item_rows(rows))


class _Imports(ApiView):
    parser_classes = (CsvParser, LinesParser)

    def table(self, request: Request) -> Table:
        """The body."""
        if not isinstance(request.data, Table):
            raise serializers.ValidationError({"file": "Send text/csv or application/x-ndjson."})
        return request.data


class PairsImport(_Imports):
    """Pairs from a file."""

    access = allow(POST=Access.ADMIN)

    @operation("pairs_import", "Add pairs of a file to a batch; sent twice, it adds nothing more", tag=TAG,
               request=FILE, sends=_PAIR_CSV, answer=Imported, example=examples.IMPORTED,
               problems=(404, 413))  # fmt: skip
    def post(self, request: Request, batch_id: int) -> Response:
        """Columns: first, second; prompt, facts (JSON), language, product, priority, part, expected, explanation."""
        batch = get_object_or_404(Batch, pk=batch_id)
        return Response(asdict(import_pairs(self.person, batch, self.table(request))))


class VotesImport(_Imports):
    """Votes from a file."""

    access = allow(POST=Access.ADMIN)

    @operation("votes_import", "Add votes that people gave elsewhere; sent twice, it adds nothing more", tag=TAG,
               request=FILE, sends=_VOTE_CSV, answer=Imported, example=examples.IMPORTED,
               problems=(404, 413))  # fmt: skip
    def post(self, request: Request, batch_id: int) -> Response:
        """Columns: pair (fingerprint), annotator, choice (A, B, E); tie_kind, reasons (JSON), comment."""
        batch = get_object_or_404(Batch, pk=batch_id)
        return Response(asdict(import_votes(self.person, batch, self.table(request))))
