"""From the tables to rows of a dataset, and the stored sides of the split.

Belongs here: reading ``Preference``, decisions and ``SplitSide``. Stays out: rules and files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vitrina.content import html
from vitrina.preferences.collecting import category_of, version_prompt
from vitrina.preferences.dataset.rows import Label, Pair
from vitrina.preferences.dataset.splitting import Stored
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.models import ImportedFile, Preference, SplitSide
from vitrina.preferences.standing import standing_labels
from vitrina.review.guidelines import pseudonyms
from vitrina.warehouse import copy_upsert

DESK = "desk"
#: Reasons as the desk has them: up to four Latin words. Neither a sentence, nor a number, nor an address.
_CODE = re.compile(r"[a-z]{1,20}(?:_[a-z]{1,20}){0,3}")


def pairs() -> Iterator[Pair]:
    """All preferences, in the order of their keys."""
    for row in Preference.objects.select_related("imported").order_by("key").iterator(chunk_size=2000):
        yield Pair(
            key=row.key,
            source=row.source,
            origin=row.imported.name if row.imported is not None else DESK,
            prompt=row.prompt,
            prompt_group=row.prompt_group,
            text_a=row.text_a,
            text_b=row.text_b,
            outcome=row.outcome,
            product=row.product_id,
            criterion=row.criterion,
            contract=row.contract,
            category=row.category,
            language=row.language,
            writer_a=row.writer_a,
            writer_b=row.writer_b,
            margin=row.margin,
            agreement=row.agreement,
            probability_a=row.probability_a,
            probability_tied=row.probability_tied,
            votes_a=row.votes_a,
            votes_b=row.votes_b,
            votes_tied=row.votes_tied,
            votes=tuple(row.votes),
        )


def labels() -> Iterator[Label]:
    """Texts that a person approved or rejected as they stood."""
    decisions = list(standing_labels())
    names = pseudonyms(one.decided_by_id for one in decisions if one.decided_by_id is not None)
    for decision in decisions:
        version, product = decision.item.version, decision.item.product
        if version is None:
            continue
        prompt = version_prompt(version)
        yield Label(
            key=f"label:{decision.pk}",
            prompt=prompt,
            prompt_group=prompt_group(prompt),
            text=html.to_text(version.body),
            good=decision.action == "approve",
            reasons=codes(decision.reasons),
            annotator=names.get(decision.decided_by_id, "") if decision.decided_by_id is not None else "",
            decision=decision.pk,
            product=product.pk if product is not None else None,
            category=category_of(product),
            language=version.language,
            writer=version.model[:60],
        )


def codes(reasons: Iterable[Any]) -> tuple[str, ...]:
    """Reasons that are codes. A program may send what it likes as one, a person's words too, and those stay at home."""
    return tuple(reason for reason in reasons if isinstance(reason, str) and _CODE.fullmatch(reason))


def licences(origins: Iterable[str]) -> dict[str, str]:
    """File from outside → its licence, as who brought it in has named it."""
    rows = ImportedFile.objects.filter(name__in=list(origins)).order_by("name").values_list("name", "licence")
    return {name: licence or "not named" for name, licence in rows}


def stored_sides() -> dict[str, Stored]:
    """Sides that earlier versions gave."""
    rows = SplitSide.objects.values_list("key", "side", "prompt", "bands")
    return {key: Stored(side, prompt, tuple(bands)) for key, side, prompt, bands in rows.iterator(chunk_size=5000)}


def store_sides(given: Mapping[str, Stored]) -> int:
    """Keep new sides. One that is there already stays as it is; returns how many are new."""
    rows = [(key, one.side, list(one.bands), one.prompt) for key, one in sorted(given.items())]
    return copy_upsert(SplitSide, ("key", "side", "bands", "prompt"), rows, key=("key",), compare=("key",)).inserted
