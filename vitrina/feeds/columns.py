"""Which column holds which field: by header words checked against content, or by content alone.

Belongs here: the choice and its explanation. Stays out: reading files, and turning cells into values (``mapping``).

The title is never guessed: without a header that says so, a column is taken only when its content leaves no doubt;
else :class:`NoTitle` shows the columns and the mapping to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vitrina.feeds.content_columns import by_content
from vitrina.feeds.currencies import iso_code
from vitrina.feeds.profiles import Profile, profile
from vitrina.feeds.records import CANONICAL_FIELDS, DropUnreadable, Fault, SourceConfig
from vitrina.feeds.seen_columns import Column, by_key, seen_columns
from vitrina.feeds.synonyms import ATTRIBUTE, FINAL_PRICES, IGNORE, PLAIN_PRICES, REGULAR_PRICES, match
from vitrina.feeds.text import clean_line

SAMPLE_ROWS = 300
#: A table of thousands of columns is judged by fewer rows: a cell of the sample costs about 15 µs.
_SAMPLE_CELLS = 60_000
_WIDE_ROWS = 30
#: Fields of which several columns may be kept (pictures, barcodes); of the others the best column wins.
_MANY = frozenset({"image", "barcode"})
#: Least score of a header for a field; "Количество динамиков" contains a word for stock and is none.
_MIN_SCORE = {"title": 0.75, "id": 0.75, "available": 0.9, "size": 0.8, "supplier": 0.75, "brand": 0.7, "url": 0.7}
_DEFAULT_MIN_SCORE = 0.6
_TITLE_LIMIT = 200
_RUNNING_ROWS = 20


@dataclass(slots=True)
class Recognition:
    """The result.

    Attributes:
        targets: Header → canonical field, ``attribute:<name>`` or ``ignore``, for every column, in file order.
        profiles: Header → what the sample holds.
        notes: For people.
        unsure_old_price: The old price column may as well be the price ("price 2"): the higher amount is the old one.
        old_is_plain: The old price column is the plain "price" beside a "final price", which may be empty.
        doubtful_prices: Columns of which one may be the price, and nothing says which.
    """

    targets: dict[str, str]
    profiles: dict[str, Profile]
    notes: list[str] = field(default_factory=list)
    unsure_old_price: bool = False
    old_is_plain: bool = False
    doubtful_prices: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[str]:
        """Headers mapped to a field, in file order."""
        return [header for header, target in self.targets.items() if target == name]

    def seen(self, config: SourceConfig) -> tuple[Column, ...]:
        """The columns with their first values."""
        samples = {header: column.samples for header, column in self.profiles.items()}
        return seen_columns(self.targets, samples, config.mapping)


class NoTitle(DropUnreadable):
    """No column can be told to be the title. ``columns``: what was found; ``format`` and ``encoding``: of the table."""

    fault = Fault.NO_TITLE

    def __init__(self, message: str, *, hint: str, columns: tuple[Column, ...]) -> None:
        super().__init__(message, hint=hint)
        self.columns = columns
        self.format = self.encoding = ""


def recognise(
    headers: Sequence[str], rows: Sequence[Mapping[str, Any]], config: SourceConfig, *, file: str = "the file"
) -> Recognition:
    """Map columns to fields.

    Args:
        headers: In file order; numbers as text for a table without header.
        rows: A sample of records.
        config: Its mapping wins over everything that is recognised here.
        file: Name for messages.

    Raises:
        NoTitle: No column is the title beyond doubt.
    """
    sample = rows[: max(_WIDE_ROWS, min(SAMPLE_ROWS, _SAMPLE_CELLS // max(1, len(headers))))]
    profiles = {header: profile([row.get(header) for row in sample]) for header in headers}
    result = Recognition({}, profiles)
    if all(header.isdecimal() for header in headers):
        by_content(result.targets, result.doubtful_prices, profiles, sample)
    else:
        _by_headers(result, headers, sample)
    for header in headers:
        result.targets.setdefault(header, f"{ATTRIBUTE}:{header if not header.isdecimal() else f'column {header}'}")
    _apply_mapping(result, headers, config)
    result.targets = {header: result.targets[header] for header in headers}
    if "title" not in result.targets.values():
        raise NoTitle(
            f"{file}: no column can be told to be the title.",
            hint=_explain(result, config),
            columns=result.seen(config),
        )
    _add_notes(result)
    return result


def _by_headers(result: Recognition, headers: Sequence[str], sample: Sequence[Mapping[str, Any]]) -> None:
    candidates: list[tuple[float, int, str, str]] = []
    for position, header in enumerate(headers):
        found = match(header)
        if found is None:
            continue
        if found.field == IGNORE or (found.field == "id" and _running_number(result.profiles[header])):
            result.targets[header] = IGNORE
            continue
        if found.field == ATTRIBUTE:
            continue
        target = _by_links(found.field, result.profiles[header])
        fit = _fit(target, result.profiles[header])
        score = found.score * fit - found.rank / 1_000
        if score >= _MIN_SCORE.get(target, _DEFAULT_MIN_SCORE) - 0.05:
            candidates.append((score, -position, header, target))
    taken: set[str] = set()
    for _, _, header, target in sorted(candidates, reverse=True):
        if target not in taken or target in _MANY:
            taken.add(target)
            result.targets[header] = target
    if "currency" not in taken:
        _currency_beside_price(result)
    _running_number_as_id(result)
    _title_equal_to_brand(result, sample)
    _plain_price_beside_final(result)
    _unsure_second_price(result)


def _currency_beside_price(result: Recognition) -> None:
    """``prices.salePrice.currencyCode`` beside ``prices.salePrice.minPrice``: what an object's price is counted in."""
    for price in result.of("price"):
        place = price.rpartition(".")[0]
        for header, column in result.profiles.items():
            found = match(header.removeprefix(f"{place}.")) if place and header.startswith(f"{place}.") else None
            said = found is not None and found.field == "currency" and found.score == 1.0
            if said and header not in result.targets and column.samples and all(map(iso_code, column.samples)):
                result.targets[header] = "currency"
                return


def _by_links(target: str, column: Profile) -> str:
    """A column called "product_image" that holds product pages is the URL, and the other way round."""
    if column.url < 0.8:
        return target
    if target == "image" and column.page >= 0.8 and column.image < 0.5:
        return "url"
    if target == "url" and column.image >= 0.8 and column.page < 0.5:
        return "image"
    return target


def _fit(target: str, column: Profile) -> float:
    """How well content agrees with a field: 0 forbids, 1 agrees. An empty column proves nothing."""
    if column.filled == 0:
        return 0.9 if target in ("title", "id") else 0.95
    if target == "title":
        return 1.0 if column.letters >= 0.5 and column.url < 0.2 else 0.0
    if target in ("price", "old_price"):
        return 1.0 if column.number + column.currency >= 0.5 or column.filled < 0.05 else 0.0
    if target in ("url", "image"):
        return 1.0 if column.url >= 0.5 or (target == "image" and column.length > 4 and column.number < 0.5) else 0.0
    if target == "id":
        return (0.85 + 0.15 * column.filled) if column.url < 0.5 and column.length <= 64 else 0.0
    if target == "barcode":
        return 1.0 if column.number >= 0.5 else 0.0
    if target in ("brand", "supplier", "category", "description", "color", "country", "gender", "material"):
        return 0.0 if column.number > 0.8 or column.url > 0.5 else 1.0
    if target == "available":
        return 1.0 if column.boolean >= 0.5 or column.number >= 0.5 or column.length < 40 else 0.0
    return 1.0


def _running_number(column: Profile) -> bool:
    """1, 2, 3, … down a long table: the number of the row, not the identity of the goods."""
    return column.sequential and column.rows >= _RUNNING_ROWS


def _running_number_as_id(result: Recognition) -> None:
    """Without links, codes and barcodes a running "id" is all there is; it is used, and said."""
    if {"id", "url", "barcode"} & set(result.targets.values()):
        return
    for header, target in result.targets.items():
        found = match(header)
        if target == IGNORE and found is not None and found.field == "id":
            result.targets[header] = "id"
            result.notes.append(f'"{header}" only counts the rows: if it changes from drop to drop, map it to ignore')
            return


def _title_equal_to_brand(result: Recognition, sample: Sequence[Mapping[str, Any]]) -> None:
    """A "title" that repeats the brand while the "description" holds one-line texts: the description is the title."""
    title, brand, text = result.of("title"), result.of("brand"), result.of("description")
    if not (title and text):
        return
    pairs = [(row.get(title[0]), row.get(brand[0])) for row in sample] if brand else []
    equal = sum(1 for a, b in pairs if a and b and clean_line(a).casefold() == clean_line(b).casefold())
    descriptions = result.profiles[text[0]]
    if pairs and equal >= 0.7 * len(pairs) and descriptions.letters > 0.8 and descriptions.length < _TITLE_LIMIT:
        result.targets[text[0]] = "title"
        result.targets[title[0]] = IGNORE
        result.notes.append(f'"{title[0]}" repeats the brand: the title is taken from "{text[0]}"')


def _plain_price_beside_final(result: Recognition) -> None:
    """Beside a "final price", the plain "price" is the one before the discount."""
    final = result.of("price")
    if not final or result.of("old_price") or (found := match(final[0])) is None or found.phrase not in FINAL_PRICES:
        return
    for header, column in result.profiles.items():
        other = match(header)
        plain = other is not None and other.field == "price" and other.phrase in PLAIN_PRICES
        if plain and header not in result.targets and _fit("old_price", column):
            result.targets[header] = "old_price"
            result.old_is_plain = True
            return


def _unsure_second_price(result: Recognition) -> None:
    final = [found.phrase in FINAL_PRICES for header in result.of("price") if (found := match(header)) is not None]
    for header in result.of("old_price"):
        found = match(header)
        result.unsure_old_price = found is not None and found.phrase.endswith(" 2")
        result.old_is_plain |= (found is not None and found.phrase in REGULAR_PRICES) or any(final)


def _apply_mapping(result: Recognition, headers: Sequence[str], config: SourceConfig) -> None:
    by_name = by_key(headers)
    wanted = {
        by_name[key]: target for name, target in config.mapping.items() if (key := name.strip().casefold()) in by_name
    }
    for header, target in list(result.targets.items()):
        # A field that source.yaml gives to some column is taken from no other one.
        if target in wanted.values() and target in CANONICAL_FIELDS:
            result.targets[header] = f"{ATTRIBUTE}:{header}"
    for header, target in wanted.items():
        result.targets[header] = f"{ATTRIBUTE}:{header}" if target == ATTRIBUTE else target
    if "price" in wanted.values():
        result.doubtful_prices.clear()
    if "old_price" in wanted.values():
        result.unsure_old_price = False
        result.old_is_plain = False
    missing = [name for name in config.mapping if name.strip().casefold() not in by_name]
    if missing:
        result.notes.append(f"source.yaml maps columns that the file does not have: {', '.join(sorted(missing))}")


def _add_notes(result: Recognition) -> None:
    if result.doubtful_prices:
        result.notes.append(
            f"any of the columns {', '.join(result.doubtful_prices)} may be the price: prices stay unknown until "
            "source.yaml says which"
        )
    elif not result.of("price"):
        result.notes.append("no column holds a price")
    others = [
        header
        for header, target in result.targets.items()
        if target.startswith("attribute:") and (found := match(header)) is not None and found.field == "price"
    ]
    if result.of("price") and others:
        result.notes.append(f'prices are taken from "{result.of("price")[0]}"; kept as attributes: {", ".join(others)}')


def _explain(result: Recognition, config: SourceConfig) -> str:
    """What was found in each column, and a mapping to start from."""
    lines = ["Columns found:"]
    mapping = []
    for number, (header, target) in enumerate(list(result.targets.items())[:60], 1):
        samples = " · ".join(result.profiles[header].samples) or "(empty)"
        lines.append(f"  {number}. {header}: {samples}")
        known = target if target in CANONICAL_FIELDS else None
        key = header.replace("\\", "\\\\").replace('"', '\\"')
        mapping.append(f'  "{key}": {known}' if known else f'  # "{key}": title')
    lines.append(f"Say which one is the title in drops/{config.source}/source.yaml, for example:")
    lines.append("mapping:")
    return "\n".join([*lines, *mapping])
