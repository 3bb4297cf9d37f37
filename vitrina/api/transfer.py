"""Items and decisions as rows: what an export holds, and what an import takes.

Belongs here: columns, checking rows, calling the services row by row. Stays out: CSV and JSON (``files``). People are
named by pseudonym, never by address. A file with a wrong row is refused whole, with every such line named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

import orjson
from django.contrib.auth.models import User
from django.db.models import QuerySet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from vitrina.api.files import MOST_ROWS, Table
from vitrina.api.problems import RowProblems
from vitrina.catalog.models import Product
from vitrina.review.batches import Filled, add_pairs
from vitrina.review.errors import Conflict
from vitrina.review.guidelines import pseudonyms
from vitrina.review.imports import import_vote
from vitrina.review.models import Annotator, Batch, Decision, ReviewItem
from vitrina.review.results import PairDraft

ITEM_COLUMNS = (
    "item", "kind", "state", "batch", "part", "pair", "first", "second", "prompt", "facts", "language", "expected",
    "explanation", "priority", "need", "done", "product", "reasons", "resolution", "created_at",
)  # fmt: skip
DECISION_COLUMNS = (
    "decision", "item", "kind", "batch", "part", "pair", "product", "action", "choice", "tie_kind", "shown", "flip",
    "reasons", "comment", "category", "active_ms", "guidelines", "annotator", "created_at", "standing",
)  # fmt: skip
_MOST_TOLD = 50
_CHUNK = 2_000
#: How deep facts of a pair may be nested; those of the platform are flat.
_DEEPEST = 10
_Row = TypeVar("_Row", bound=BaseModel)


def _json(value: Any) -> Any:
    """A cell of a CSV that holds JSON, or the value of a line that is JSON.

    Raises:
        ValueError: It is none, or holds what the database does not: null characters, lists in lists without end.
    """
    if isinstance(value, str):
        if "\\u0000" in value:
            raise ValueError("It holds a null character.")
        value = orjson.loads(value) if value.strip() else None
    if not _shallow(value, _DEEPEST):
        raise ValueError(f"It is nested more than {_DEEPEST} deep.")
    return value


def _shallow(value: Any, deepest: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return deepest > 0 and all(_shallow(one, deepest - 1) for one in inner)


def _blank(value: Any) -> Any:
    return None if value == "" else value


class PairRow(BaseModel):
    """A row of an import of pairs; columns of an export that say how an item stands are passed over."""

    model_config = ConfigDict(extra="ignore")

    first: str = Field(min_length=1, max_length=50_000)
    second: str = Field(min_length=1, max_length=50_000)
    prompt: str = Field("", max_length=50_000)
    facts: Annotated[dict[str, Any] | None, BeforeValidator(_json)] = None
    language: str = Field("ru", min_length=2, max_length=5)
    product: Annotated[int | None, BeforeValidator(_blank)] = Field(None, ge=1, le=2**31)
    priority: Annotated[int | None, BeforeValidator(_blank)] = Field(None, ge=1, le=9)
    part: Literal["work", "gold", "onboarding"] = "work"
    expected: Literal["", "first", "second", "tie"] = ""
    explanation: str = Field("", max_length=5_000)


class VoteRow(BaseModel):
    """A row of an import of votes."""

    model_config = ConfigDict(extra="ignore")

    pair: str = Field(min_length=16, max_length=64, description="Fingerprint, as exported.")
    annotator: str = Field(min_length=1, max_length=254, description="Pseudonym or e-mail address.")
    choice: Literal["A", "B", "E"]
    tie_kind: Literal["", "both_bad"] = ""
    reasons: Annotated[list[Annotated[str, Field(max_length=40)]] | None, BeforeValidator(_json)] = None
    comment: str = Field("", max_length=2_000)


def import_pairs(by: User, batch: Batch, table: Table) -> Filled:
    """Add the pairs of a file to a batch.

    Raises:
        RowProblems: Some rows are wrong; nothing was added.
    """
    rows = _checked(table, PairRow, set(ITEM_COLUMNS))
    wanted = {row.product for _, row in rows if row.product is not None}
    known = set(Product.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    _refuse({n: f"There is no product {row.product}." for n, row in rows if row.product and row.product not in known})
    _refuse({n: "A pair whose answer is known needs `expected`." for n, row in rows
             if row.part != "work" and not row.expected})  # fmt: skip
    _refuse({n: "A pair of the onboarding needs an `explanation`." for n, row in rows
             if row.part == "onboarding" and not row.explanation.strip()})  # fmt: skip
    total = Filled()
    for part in ReviewItem.Part.values:
        drafts = [_draft(row) for _, row in rows if row.part == part]
        if drafts:
            done = add_pairs(batch, drafts, by=by, part=part)
            total.added, total.repeated = total.added + done.added, total.repeated + done.repeated
            for reason, count in done.refused.items():
                total.refused[reason] = total.refused.get(reason, 0) + count
    return total


def import_votes(by: User, batch: Batch, table: Table) -> Filled:
    """Write the votes of a file; each is a transaction of its own, and a vote that stands is not written twice.

    Raises:
        RowProblems: Some rows are wrong; nothing was written.
    """
    rows = _checked(table, VoteRow, set(DECISION_COLUMNS))
    people = _people({row.annotator for _, row in rows})
    _refuse({n: f"Nobody is known as {row.annotator}." for n, row in rows if row.annotator not in people})
    marks = {row.pair for _, row in rows}
    known = set(ReviewItem.objects.filter(batch=batch, pair__fingerprint__in=marks)
                .values_list("pair__fingerprint", flat=True))  # fmt: skip
    _refuse({n: f"The batch has no pair {row.pair[:16]}." for n, row in rows if row.pair not in known})
    _refuse({n: "both_bad goes with E only." for n, row in rows if row.tie_kind and row.choice != "E"})
    total = Filled()
    for _, row in rows:
        try:
            done = import_vote(by, people[row.annotator], batch, row.pair, choice=row.choice, tie_kind=row.tie_kind,
                               reasons=row.reasons or (), comment=row.comment)  # fmt: skip
        except Conflict as conflict:
            reason = str(conflict.state.get("reason", "conflict"))
            total.refused[reason] = total.refused.get(reason, 0) + 1
            continue
        total.added, total.repeated = total.added + (not done.repeated), total.repeated + done.repeated
    return total


def item_rows(items: QuerySet[ReviewItem]) -> Iterator[dict[str, Any]]:
    """Items as an export holds them; pairs can be imported again."""
    for item in items.select_related("pair").order_by("pk").iterator(chunk_size=_CHUNK):
        pair = item.pair
        row: dict[str, Any] = {
            "item": item.pk, "kind": item.kind, "state": item.state, "batch": item.batch_id, "part": item.part,
            "priority": item.priority, "need": item.need, "done": item.done, "product": item.product_id,
            "reasons": item.reasons, "resolution": item.resolution, "created_at": item.created_at,
            "explanation": item.explanation,
        }  # fmt: skip
        if pair is not None:
            row |= {
                "pair": pair.fingerprint, "first": pair.text_a, "second": pair.text_b, "prompt": pair.prompt,
                "facts": pair.facts, "language": pair.language, "product": pair.product_id,
                "expected": {"A": "first", "B": "second", "E": "tie", "": ""}[item.expected],
            }  # fmt: skip
        yield row


def decision_rows(decisions: QuerySet[Decision]) -> Iterator[dict[str, Any]]:
    """Decisions as lists and exports hold them, with pseudonyms."""
    names: dict[int, str] = {}
    rows = decisions.select_related("item__pair").order_by("pk")
    for decision in rows.iterator(chunk_size=_CHUNK):
        person = decision.decided_by_id
        if person is not None and person not in names:
            names |= pseudonyms([person])
        yield decision_row(decision, names.get(person, "") if person is not None else "command line")


def decision_row(decision: Decision, annotator: str) -> dict[str, Any]:
    """One decision."""
    item = decision.item
    ended = decision.superseded_by_id or decision.undone_at or decision.voided_at
    return {
        "decision": decision.pk, "item": item.pk, "kind": item.kind, "batch": item.batch_id, "part": item.part,
        "pair": item.pair.fingerprint if item.pair is not None else None,
        "product": item.pair.product_id if item.pair is not None else item.product_id, "action": decision.action,
        "choice": decision.choice, "tie_kind": decision.tie_kind, "shown": decision.shown, "flip": decision.flip,
        "reasons": decision.reasons, "comment": decision.comment, "category": decision.category,
        "active_ms": decision.active_ms, "guidelines": decision.guidelines_id, "annotator": annotator,
        "created_at": decision.created_at, "standing": not ended,
    }  # fmt: skip


def _draft(row: PairRow) -> PairDraft:
    return PairDraft(row.first, row.second, prompt=row.prompt, product_id=row.product, facts=row.facts or {},
                     language=row.language, priority=row.priority or 3, expected=row.expected,
                     explanation=row.explanation)  # fmt: skip


def _people(names: set[str]) -> dict[str, User]:
    rows = Annotator.objects.filter(pseudonym__in=names, user__is_active=True).select_related("user")
    found = {row.pseudonym: row.user for row in rows}
    by_address = {user.email.lower(): user for user in User.objects.filter(email__in=names, is_active=True)}
    return found | {name: by_address[name.lower()] for name in names - set(found) if name.lower() in by_address}


def _checked(table: Table, shape: type[_Row], columns: set[str]) -> list[tuple[int, _Row]]:
    """Every row by its shape, or every line that is wrong."""
    rows: list[tuple[int, _Row]] = []
    wrong: dict[int, str] = {}
    for number, row in table.rows():
        unknown = set(row) - columns
        if unknown:
            wrong[number] = f"Unknown columns: {', '.join(sorted(unknown)[:5])}."
        else:
            try:
                rows.append((number, shape.model_validate(row)))
            except (ValidationError, ValueError) as error:
                wrong[number] = _said(error)
        if len(rows) > MOST_ROWS:
            wrong[number] = f"More than {MOST_ROWS} rows; split the file."
            break
    if not rows and not wrong:
        wrong[1] = "The file has no rows."
    _refuse(wrong)
    return rows


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}."[:300]
    return str(error)[:300]


def _refuse(wrong: dict[int, str]) -> None:
    if wrong:
        raise RowProblems(dict(list(wrong.items())[:_MOST_TOLD]), max(len(wrong) - _MOST_TOLD, 0))
