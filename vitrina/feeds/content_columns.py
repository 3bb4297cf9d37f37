"""Columns of a table without header, told by their content alone.

Belongs here: the rules for headerless tables. Stays out: headers (``columns``). What is not beyond doubt stays an
attribute; where two columns may be the price, neither is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vitrina.feeds.profiles import Profile
from vitrina.feeds.synonyms import ATTRIBUTE, IGNORE
from vitrina.feeds.text import as_text

_LONG_TEXT = 150
_SURE = 1.5
_ENOUGH_ROWS = 20
_ALL = 0.98
_CLOTHES = frozenset(range(34, 71))
_HEIGHTS = frozenset((*range(50, 177, 6), *range(50, 181, 10)))
_FEWEST_SIZES = 3


def by_content(
    targets: dict[str, str],
    doubtful_prices: list[str],
    profiles: Mapping[str, Profile],
    sample: Sequence[Mapping[str, Any]],
) -> None:
    """Fill ``targets`` (header → field) and ``doubtful_prices`` for the columns whose content says enough."""
    for header, column in profiles.items():
        target = _plain(column)
        if target in ("url", "color", "composition", "size") and target in targets.values():
            target = None
        if target:
            targets[header] = target
    _whole_sizes(targets, profiles, sample)
    _prices(targets, doubtful_prices, profiles)
    _texts(targets, profiles, sample)
    _identity(targets, profiles)


def _plain(column: Profile) -> str | None:
    """Kinds that one column shows by itself."""
    if column.filled == 0:
        return IGNORE
    if column.url >= 0.8:
        return "image" if column.image >= 0.8 and column.page < 0.5 else "url"
    if column.gtin >= 0.8:
        return "barcode"
    if column.sequential and column.rows >= 3:
        return IGNORE
    if column.reviews >= 0.5:
        return f"{ATTRIBUTE}:reviews"
    if column.seller >= 0.5 and column.length < _LONG_TEXT:
        return "supplier"
    if column.composition >= 0.5 and column.length < _LONG_TEXT:
        return "composition"
    if column.color >= 0.6 and column.words <= 4:
        return "color"
    if column.size >= 0.6 and column.integer < 0.5 and column.fractions < 0.5:
        return "size"
    return None


def _whole_sizes(targets: dict[str, str], profiles: Mapping[str, Profile], sample: Sequence[Mapping[str, Any]]) -> None:
    """Sizes of clothes and shoes (34 to 70) or heights of children, where another column may be the price."""
    if "size" in targets.values():
        return
    numbers = [h for h, c in profiles.items() if h not in targets and c.integer >= _ALL and c.rows >= _ENOUGH_ROWS]
    fitting = []
    for header in numbers:
        values = {int(text) for row in sample if (text := as_text(row.get(header)).strip()).isdecimal()}
        sizes = values <= _CLOTHES or values <= _HEIGHTS
        if sizes and _FEWEST_SIZES <= len(values) <= profiles[header].rows / 2:
            fitting.append(header)
    others = any(_price_like(c) or c.currency >= 0.6 for h, c in profiles.items() if h not in (*targets, *fitting))
    if len(fitting) == 1 and others:
        targets[fitting[0]] = "size"


def _prices(targets: dict[str, str], doubtful: list[str], profiles: Mapping[str, Profile]) -> None:
    free = {header: column for header, column in profiles.items() if header not in targets}
    signed = [h for h, c in free.items() if c.currency >= 0.6 and c.words <= 4]
    plain = [h for h, c in free.items() if _price_like(c)]
    candidates = signed or plain
    if len(candidates) == 1:
        targets[candidates[0]] = "price"
    else:
        doubtful.extend(candidates)


def _price_like(column: Profile) -> bool:
    """Numbers that may be money: with kopecks, or neither counts (1, 2, 3) nor codes (all different)."""
    if column.number < 0.9 or column.filled < 0.5 or column.largest < 10 or column.distinct_count < 2:
        return False
    if column.integer >= 0.98 and column.distinct >= 0.98 and column.rows >= _ENOUGH_ROWS:
        return False
    return column.fractions >= 0.1 or column.largest >= 100


def _texts(targets: dict[str, str], profiles: Mapping[str, Profile], sample: Sequence[Mapping[str, Any]]) -> None:
    free = {h: c for h, c in profiles.items() if h not in targets and c.letters >= 0.6 and c.url < 0.2}
    long = [h for h, c in free.items() if c.length >= _LONG_TEXT and c.goods < 0.99]
    titles = {h: _title_score(c) for h, c in free.items() if c.length < 250 and c.filled >= 0.95}
    # Lines of one column alone may be anything: a list of names, or a table whose lines are quoted as a whole.
    ranked = sorted(titles, key=titles.__getitem__, reverse=True) if len(profiles) > 1 else []
    known = {"price", "url", "barcode"} & set(targets.values())
    if ranked:
        best, second = titles[ranked[0]], titles[ranked[1]] if len(ranked) > 1 else 0.0
        evidence = known or profiles[ranked[0]].goods >= 0.5
        if best >= 1.0 and best >= _SURE * second and evidence:
            targets[ranked[0]] = "title"
    long = [header for header in long if header not in targets]
    if long:
        # Running text has fewer commas for its length than a list of ingredients.
        targets[max(long, key=lambda h: _sentences(sample, h))] = "description"
    title = next((header for header, target in targets.items() if target == "title"), None)
    if title is not None:
        _brand(targets, free, sample, title)


def _title_score(column: Profile) -> float:
    """Words, variety and names of goods; a column of few repeated words ("зима", "лето") scores low."""
    words = min(column.words, 6) / 3
    variety = 0.3 + min(1.0, column.distinct * 2)
    return (0.6 * words * variety + 2 * column.goods) * column.filled


def _sentences(sample: Sequence[Mapping[str, Any]], header: str) -> float:
    texts = [as_text(row.get(header)) for row in sample]
    return sum(text.count(". ") for text in texts) - 0.5 * sum(text.count(", ") for text in texts)


def _brand(
    targets: dict[str, str], free: Mapping[str, Profile], sample: Sequence[Mapping[str, Any]], title: str
) -> None:
    """A short repeated text that stands inside most titles is the brand."""
    for header, column in free.items():
        if header in targets or column.words > 4 or column.length > 40:
            continue
        pairs = [(as_text(row.get(header)).casefold().strip(), as_text(row.get(title)).casefold()) for row in sample]
        inside = sum(1 for brand, text in pairs if len(brand) > 1 and brand in text)
        if inside >= 0.6 * len(pairs):
            targets[header] = "brand"
            return


def _identity(targets: dict[str, str], profiles: Mapping[str, Profile]) -> None:
    """The leftmost column of codes: different in (nearly) every row, or article numbers with letters or dashes."""
    for header, column in profiles.items():
        if header in targets or column.filled < 0.95 or column.code < 0.6 or column.rows < _ENOUGH_ROWS:
            continue
        unique = column.integer >= 0.98 and column.distinct >= 0.98
        article = column.integer < 0.9 and column.fractions < 0.5 and column.distinct >= 0.2 and column.currency < 0.1
        if (unique or article) and column.size < 0.6:
            targets[header] = "id"
            return
