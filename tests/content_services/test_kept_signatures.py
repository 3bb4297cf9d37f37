"""Near-duplicates over the tables: what the index in memory finds, without reading every text again."""

from __future__ import annotations

import pytest

from tests.catalog.making import approve_all, catalogue, day, parsed, take, text_of, version, wal_of
from tests.content.test_duplicates import TEXT, changed
from vitrina.config import Settings
from vitrina.content import html, kept_signatures
from vitrina.content.duplicates import DuplicateIndex, signature
from vitrina.content.kept_signatures import keep_signatures, near_duplicates
from vitrina.content.verdicts import moderate

pytestmark = pytest.mark.usefixtures("database")


def made(bodies: list[str]) -> list[int]:
    """Products with these texts; their ids."""
    take(day(1), [parsed(f"{number:03}") for number in range(len(bodies))])
    rows = catalogue()
    for number, body in enumerate(bodies):
        version(rows[f"{number:03}"], body=body)
    return [rows[f"{number:03}"].pk for number in range(len(bodies))]


def test_the_tables_answer_like_the_index_in_memory() -> None:
    bodies = [TEXT, TEXT.upper(), changed([50]), changed(list(range(0, 100, 2))), "да", "да", text_of(1), ""]
    ids = made([f"<p>{body}</p>" for body in bodies])
    index = DuplicateIndex()
    for pk, body in zip(ids, bodies, strict=True):
        index.add(pk, html.to_text(f"<p>{body}</p>"))
    assert keep_signatures() == len(bodies)
    kept = near_duplicates(ids)
    for pk, body in zip(ids, bodies, strict=True):
        assert kept.get(pk, []) == index.nearest(body, exclude=pk)
    assert [item.key for item in kept[ids[0]]] == ids[1:3]


def test_a_signature_is_made_once_and_follows_the_newest_text() -> None:
    first, second = made([TEXT, TEXT])
    assert keep_signatures() == 2
    assert keep_signatures() == 0
    assert wal_of(keep_signatures) < 10_000
    product = catalogue()["000"]
    version(product, 2, body="совсем другой текст " * 30)
    assert near_duplicates([first, second]) != {}
    assert keep_signatures() == 1
    assert near_duplicates([first, second]) == {}


def test_one_text_very_often_costs_a_bounded_number_of_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_signatures, "CANDIDATES", 5)
    ids = made([TEXT] * 12)
    keep_signatures()
    assert [item.key for item in near_duplicates(ids[:1])[ids[0]]] == ids[1:6]


def test_bands_of_equal_minima_differ_by_their_place() -> None:
    one = signature(frozenset({7}))
    assert len(one) == len(set(one))
    assert signature(frozenset()) == []


def test_moderation_sees_a_duplicate_of_another_drop(settings: Settings) -> None:
    approve_all()
    first, second = made([f"<p>{TEXT}</p>", f"<p>{changed([50])}</p>"])
    moderate([first], settings)
    again = moderate([second], settings)
    assert again.rules["duplicate_text"] == 1
