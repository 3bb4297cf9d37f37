"""The split: no prompt, product or near-duplicate on two sides, and no side ever changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.preferences.dataset.checking import meeting_sides
from vitrina.preferences.dataset.rows import split_keys
from vitrina.preferences.dataset.splitting import Split, Stored, drawn_side, split
from vitrina.preferences.formats.keys import prompt_group

WORDS = ("шерсть", "хлопок", "лён", "шёлк", "карман", "рукав", "пояс", "молния", "длина", "цвет", "сезон")


@dataclass(frozen=True)
class Row:
    key: str
    prompt: str
    product: int | None = None
    group: str = ""
    keys: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", self.group or prompt_group(self.prompt))
        object.__setattr__(self, "keys", split_keys(self.group, self.prompt, self.product))


def sides(rows: list[Row], stored: dict[str, Stored] | None = None) -> Split:
    return split(rows, stored or {}, validation_share=0.2, test_share=0.2)


def prompt(number: int) -> str:
    return " ".join(f"{WORDS[(number + place) % len(WORDS)]}{number * 31 + place}" for place in range(12))


def as_files(rows: list[Row], found: Split) -> dict[str, list[dict]]:
    return {
        "all": [
            {
                "side": found.side[r.key],
                "prompt": r.prompt,
                "prompt_group": r.group,
                "product": r.product,
            }
            for r in rows
            if r.key in found.side
        ]
    }


def test_shares_are_about_what_was_asked_for() -> None:
    rows = [Row(f"r{n}", prompt(n)) for n in range(600)]
    found = sides(rows)
    assert sum(found.groups.values()) == 600
    assert 0.5 < found.groups["train"] / 600 < 0.7
    assert 0.14 < found.groups["test"] / 600 < 0.27


def test_one_product_and_near_duplicate_prompts_stand_together() -> None:
    base = prompt(1)
    rows = [
        Row("a", base, 1), Row("b", prompt(2), 1), Row("c", base.upper() + "!"),
        Row("d", base + " ещё"), Row("e", prompt(3), 1),
    ]  # fmt: skip
    found = sides(rows)
    assert len(set(found.side.values())) == 1
    assert sum(found.groups.values()) == 1


def test_a_row_that_ties_two_sides_together_is_set_aside_and_moves_nobody() -> None:
    train = next(n for n in range(100) if drawn_side(f"product:{n}", 0.2, 0.2) == "train")
    test = next(n for n in range(100) if drawn_side(f"product:{n}", 0.2, 0.2) == "test")
    old = [Row("a", prompt(1), train), Row("b", prompt(2), test)]
    first = sides(old)
    assert first.side == {"a": "train", "b": "test"}
    # The prompt of one with the product of the other.
    found = sides([*old, Row("bridge", prompt(1), test), Row("near", prompt(2) + " ещё", train)], first.given)
    assert sorted(found.joining) == ["bridge", "near"]
    assert found.side == first.side
    assert found.given == {}


def test_a_near_duplicate_of_a_prompt_that_has_gone_still_finds_its_side() -> None:
    first = sides([Row(f"r{n}", prompt(n)) for n in range(40)])
    for number in range(40):
        found = sides([Row("new", prompt(number) + " ещё")], first.given)
        assert found.side["new"] == first.given[f"prompt:{prompt_group(prompt(number))}"].side


def test_groups_that_a_file_names_share_a_side_where_they_share_a_prompt() -> None:
    train = next(f"g{n}" for n in range(100) if drawn_side(f"prompt:g{n}", 0.2, 0.2) == "train")
    test = next(f"g{n}" for n in range(100) if drawn_side(f"prompt:g{n}", 0.2, 0.2) == "test")
    for shared in (prompt(3), prompt(3) + " ещё"):
        rows = [Row("a", prompt(1), None, train), Row("b", prompt(3), None, train)]
        rows += [Row("c", shared, None, test), Row("d", prompt(2), None, test)]
        found = sides(rows)
        assert len(set(found.side.values())) == 1
        assert not found.joining
        assert meeting_sides(as_files(rows, found)) == []
        planted = Split(side={"a": "train", "b": "train", "c": "test", "d": "test"})
        assert len(meeting_sides(as_files(rows, planted))) == 1


def test_a_group_of_an_earlier_version_keeps_its_side_and_gives_it_to_its_prompts() -> None:
    for side in ("train", "validation", "test"):
        stored = {"prompt:g": Stored(side, prompt(1))}
        found = sides([Row("a", prompt(1), None, "g"), Row("b", prompt(2), None, "g")], stored)
        assert found.side == {"a": side, "b": side}
        assert {one.side for one in found.given.values()} == {side}
        later = sides([Row("new", prompt(2) + " ещё")], stored | found.given)
        assert later.side == {"new": side}


ROWS = st.lists(st.tuples(st.integers(0, 25), st.one_of(st.none(), st.integers(0, 8)), st.booleans()), max_size=25)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_versions_may_grow_as_they_like_and_no_side_changes_or_meets(versions: list) -> None:
    stored: dict[str, Stored] = {}
    told: dict[str, str] = {}
    rows: dict[str, Row] = {}
    for number, added in enumerate(versions):
        for place, (text, product, tail) in enumerate(added):
            row = Row(f"{number}.{place}", prompt(text) + (" ещё" if tail else ""), product)
            rows[row.key] = row
        found = sides(list(rows.values()), stored)
        assert set(found.side) | set(found.joining) == set(rows)
        assert all(found.side.get(key, side) == side for key, side in told.items())
        assert not set(found.given) & set(stored)
        assert meeting_sides(as_files(list(rows.values()), found)) == []
        told |= found.side
        stored |= found.given


def test_the_check_sees_what_the_split_would_hide() -> None:
    base = {"side": "train", "prompt": prompt(1), "prompt_group": prompt_group(prompt(1)), "product": 5}
    leaks = {
        "prompt": {**base, "side": "test", "product": None},
        "product": {**base, "side": "test", "prompt": prompt(2), "prompt_group": "2"},
        "near": {**base, "side": "test", "prompt": prompt(1) + " ещё", "prompt_group": "3", "product": None},
    }
    for leak in leaks.values():
        assert len(meeting_sides({"train.parquet": [base], "test.parquet": [leak]})) == 1
    assert meeting_sides({"train.parquet": [base], "ties.parquet": [{**base}]}) == []
