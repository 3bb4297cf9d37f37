"""The consumer of votes and edits: ``preferences_preference`` made to say what people's standing decisions say.

Belongs here: claiming outbox rows and writing the table in one transaction. Stays out: which decisions stand
(``standing``), how votes come together (``aggregation``). The table is made from all standing decisions at every pass,
so a pass that is repeated changes nothing, and a voided vote leaves no trace. Measured: see docs/preferences.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from vitrina.content import html
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion
from vitrina.fingerprints import fingerprint
from vitrina.preferences.aggregation import Aggregate, aggregate
from vitrina.preferences.contracts import plain, prompt_text
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.locking import alone
from vitrina.preferences.models import PairOrigin, Preference
from vitrina.preferences.standing import StandingVote, standing_edits, standing_votes
from vitrina.review.models import Decision, ResponsePair
from vitrina.review.outbox import PREFERENCES, claim, consumed
from vitrina.warehouse import copy_upsert

EDIT_CRITERION = "moderation"
COLUMNS = (
    "key", "source", "pair", "decision", "imported", "product", "prompt", "prompt_group", "criterion", "contract",
    "category", "language", "text_a", "text_b", "writer_a", "writer_b", "outcome", "votes", "votes_a", "votes_b",
    "votes_tied", "margin", "agreement", "probability_a", "probability_tied",
)  # fmt: skip


@dataclass(slots=True)
class Collected:
    """What a pass did: rows of the outbox, and preferences by what became of them."""

    consumed: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def collect(*, run_id: str = "") -> Collected:
    """Take what the desk has to tell, and bring the table to all standing votes and edits, in one transaction."""
    result = Collected()
    with transaction.atomic():
        alone()
        rows = claim(PREFERENCES)
        claimed = [row.pk for row in rows]
        wanted = {str(row["key"]): row for row in (*_voted(claimed), *_edited(claimed))}
        result.outcomes.update(str(row["outcome"]) for row in wanted.values())
        write(wanted.values(), result, run_id)
        gone = Preference.objects.exclude(source=Preference.Source.IMPORT).exclude(key__in=list(wanted))
        result.removed = gone.delete()[0]
        result.consumed = consumed(rows, run_id=run_id)
    return result


def write(rows: Any, result: Collected, run_id: str) -> None:
    """Write rows of :data:`COLUMNS`; equal ones stay untouched."""
    lines = [
        (*(row.get(name) for name in COLUMNS), fingerprint(*(row.get(name) for name in COLUMNS)), run_id)
        for row in rows
    ]
    written = copy_upsert(
        Preference, (*COLUMNS, "fingerprint", "run_id"), lines, key=("key",), compare=("fingerprint",)
    )
    result.added += written.inserted
    result.changed += written.updated
    result.unchanged += written.unchanged


def aggregated(found: Aggregate) -> dict[str, Any]:
    """The columns that an aggregate fills."""
    names = ("outcome", "votes_a", "votes_b", "votes_tied", "margin", "agreement", "probability_a", "probability_tied")
    values = {name: getattr(found, name) for name in names}
    # Rounded: the last digits of an iteration would change every row at every pass.
    for name in ("probability_a", "probability_tied"):
        values[name] = None if values[name] is None else round(values[name], 4)
    return values


def _voted(claimed: list[int]) -> Iterator[dict[str, Any]]:
    votes = standing_votes(claimed)
    criteria = sorted({criterion for _, criterion in votes})
    pairs = _pairs({pair for pair, _ in votes})
    for criterion in criteria:
        own = {key: [vote.plain() for vote in given] for key, given in votes.items() if key[1] == criterion}
        for key, found in aggregate(own).items():
            yield {**pairs[key[0]], **_row_of_votes(key, votes[key]), **aggregated(found)}


def _row_of_votes(key: tuple[int, str], votes: list[StandingVote]) -> dict[str, Any]:
    pair, criterion = key
    return {
        "key": f"pair:{pair}:{criterion}",
        "source": Preference.Source.VOTES.value,
        "criterion": criterion,
        "votes": [vote.as_dict() for vote in votes],
    }


def _pairs(ids: set[int]) -> dict[int, dict[str, Any]]:
    """Pair → what a preference keeps of it."""
    origins = {
        origin.pair_id: origin
        for origin in PairOrigin.objects.filter(pair__in=ids).select_related("candidate_a", "candidate_b")
    }
    found = {}
    for pair in ResponsePair.objects.filter(pk__in=ids).select_related("product__category__category"):
        origin = origins.get(pair.pk)
        contract = origin.contract if origin is not None else ""
        prompt = pair.prompt or (pair.product.title if pair.product is not None else "")
        found[pair.pk] = {
            "pair": pair.pk,
            "product": pair.product_id,
            "prompt": prompt,
            "prompt_group": prompt_group(prompt),
            "contract": contract,
            "category": category_of(pair.product),
            "language": pair.language,
            "text_a": plain(pair.text_a, contract),
            "text_b": plain(pair.text_b, contract),
            "writer_a": origin.candidate_a.writer if origin is not None else "",
            "writer_b": origin.candidate_b.writer if origin is not None else "",
        }
    return found


def _edited(claimed: list[int]) -> Iterator[dict[str, Any]]:
    """A person's edit over the text that was generated."""
    for decision in standing_edits(claimed):
        row = edit_row(decision)
        if row is not None:
            yield row


def edit_row(decision: Decision) -> dict[str, Any] | None:
    """The preference of an edit; ``None`` where the person changed no word, or words that a person had written."""
    base, product = decision.item.version, decision.item.product
    if base is None or base.origin == ContentVersion.Origin.PERSON:
        return None
    edited = html.to_text(html.sanitise(str((decision.edit or {}).get("body", ""))))
    generated = html.to_text(base.body)
    if edited.strip() == generated.strip():
        return None
    prompt = version_prompt(base)
    return {
        "key": f"edit:{decision.pk}",
        "source": Preference.Source.EDIT.value,
        "decision": decision.pk,
        "product": product.pk if product is not None else None,
        "prompt": prompt,
        "prompt_group": prompt_group(prompt),
        "criterion": EDIT_CRITERION,
        "contract": "description",
        "category": category_of(product),
        "language": base.language,
        "text_a": edited,
        "text_b": generated,
        "writer_a": "person",
        "writer_b": base.model[:60],
        "outcome": Preference.Outcome.A.value,
        "votes": [],
        "votes_a": 1,
        "votes_b": 0,
        "votes_tied": 0,
        "margin": 1.0,
        "agreement": 1.0,
    }


def version_prompt(version: Any) -> str:
    """The prompt of a generated text, from the facts that it was written from."""
    try:
        return prompt_text(ProductFacts.from_dict(version.facts), "description")
    except (TypeError, KeyError):  # facts of a former shape
        return str(version.title)


def category_of(product: Any) -> str:
    """The path of a product's category; empty where it has none."""
    choice = getattr(product, "category", None) if product is not None else None
    return choice.category.path_ru if choice is not None and choice.category is not None else ""
