"""The quality benchmark (CAT-13): contract, grounding, readability and repetition over a list of descriptions.

Belongs here: the measures of each text and their sum as plain data. Stays out: reading the catalogue, plots, output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

from vitrina.content import contract, html
from vitrina.content.contract import Description
from vitrina.content.duplicates import find_duplicates
from vitrina.content.facts import ProductFacts
from vitrina.content.moderation import GroundingResult
from vitrina.content.readability import readability
from vitrina.content.repetition import distinct_share, most_shared, shared_shares

GroundingCheck = Callable[[str, ProductFacts], GroundingResult]


@dataclass(slots=True, frozen=True)
class QualityRow:
    """The measures of one description. Shares and scores are 0 to 1, ``flesch`` is 0 to 100."""

    product_id: int
    language: str
    words: int
    passes_contract: bool
    violations: tuple[str, ...]
    warnings: tuple[str, ...]
    grounding: float | None
    unsupported: int
    flesch: float
    words_per_sentence: float
    distinct_bigrams: float
    shared_5grams: float
    near_duplicates: int


@dataclass(slots=True, frozen=True)
class QualityReport:
    """Rows and their sum; ``None`` where there was nothing to average."""

    rows: tuple[QualityRow, ...] = ()
    count: int = 0
    contract_pass_share: float | None = None
    grounding_mean: float | None = None
    fully_grounded_share: float | None = None
    words_median: float | None = None
    flesch_median: float | None = None
    words_per_sentence_mean: float | None = None
    distinct_bigrams_mean: float | None = None
    shared_5grams_mean: float | None = None
    near_duplicate_share: float | None = None
    violations: dict[str, int] = field(default_factory=dict)
    repeated: tuple[tuple[str, int], ...] = ()

    def as_dict(self, *, rows: bool = True) -> dict[str, Any]:
        """For ``--json`` and asset metadata."""
        value = asdict(self)
        if not rows:
            value.pop("rows")
        return value


def benchmark(
    items: Sequence[tuple[Description, ProductFacts]], *, grounding: GroundingCheck | None = None
) -> QualityReport:
    """Measure descriptions against their facts.

    Args:
        items: Descriptions with the facts they were made from.
        grounding: The check; by default :func:`vitrina.content.grounding.check`.
    """
    if not items:
        return QualityReport()
    if grounding is None:
        from vitrina.content.grounding import check

        grounding = check
    texts = [description.text() for description, _ in items]
    shared = shared_shares(texts)
    duplicates = find_duplicates(enumerate(texts))
    rows = tuple(
        _row(description, facts, grounding, shared[place], len(duplicates.get(place, ())))
        for place, (description, facts) in enumerate(items)
    )
    grounded = [row.grounding for row in rows if row.grounding is not None]
    return QualityReport(
        rows=rows,
        count=len(rows),
        contract_pass_share=_share(row.passes_contract for row in rows),
        grounding_mean=fmean(grounded) if grounded else None,
        fully_grounded_share=_share(row.unsupported == 0 for row in rows),
        words_median=median(row.words for row in rows),
        flesch_median=median(row.flesch for row in rows),
        words_per_sentence_mean=fmean(row.words_per_sentence for row in rows),
        distinct_bigrams_mean=fmean(row.distinct_bigrams for row in rows),
        shared_5grams_mean=fmean(row.shared_5grams for row in rows),
        near_duplicate_share=_share(row.near_duplicates > 0 for row in rows),
        violations=dict(Counter(rule for row in rows for rule in row.violations).most_common()),
        repeated=tuple(most_shared(texts)),
    )


def _row(
    description: Description, facts: ProductFacts, grounding: GroundingCheck, shared: float, duplicates: int
) -> QualityRow:
    text = description.text()
    found = contract.violations(description, facts)
    grounded = grounding(description.all_text(), facts)
    ease = readability(text, description.language)
    errors = tuple(item.rule for item in found if item.severity == "error")
    return QualityRow(
        product_id=facts.product_id,
        language=description.language,
        words=len(html.words(text)),
        passes_contract=not errors,
        violations=errors,
        warnings=tuple(item.rule for item in found if item.severity == "warning"),
        grounding=grounded.score,
        unsupported=len(grounded.findings),
        flesch=ease.flesch,
        words_per_sentence=ease.words_per_sentence,
        distinct_bigrams=round(distinct_share(text, 2), 3),
        shared_5grams=round(shared, 3),
        near_duplicates=duplicates,
    )


def _share(flags: Any) -> float:
    values = [bool(flag) for flag in flags]
    return sum(values) / len(values)
