"""Files of outside preferences as a source: all rows accounted for, the same file twice is one."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.objects import open_store
from vitrina.preferences.dataset.versions import make_version, read_all
from vitrina.preferences.importing import import_file
from vitrina.preferences.models import ImportedFile, Preference

pytestmark = pytest.mark.usefixtures("database")


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def ours(number: int, preferred: str = "a", **more: Any) -> dict[str, Any]:
    return {
        "id": number, "prompt": f"Вещь {number} {number * 7919}", "response_a": f"Текст о вещи {number}",
        "response_b": f"Совсем другой рассказ {number}", "preferred": preferred, **more,
    }  # fmt: skip


def test_rows_come_in_and_bad_ones_are_kept_with_their_reason(tmp_path: Path) -> None:
    file = lines(tmp_path / "mine.jsonl", [ours(1), ours(2, "b"), "{broken", ours(3, response_a="")])
    result = import_file(file, licence="mit")
    assert (result.name, result.format, result.rows, result.added) == ("mine", "ours", 2, 2)
    assert result.outcomes == {"a": 1, "b": 1}
    assert sum(result.set_aside.values()) == 2
    kept = ImportedFile.objects.get()
    assert [one["line"] for one in kept.set_aside] == [3, 4]
    assert (kept.rows, kept.licence) == (2, "mit")
    assert list(Preference.objects.order_by("key").values_list("key", flat=True)) == ["import:mine:1", "import:mine:2"]


def test_the_same_file_twice_is_one_and_another_replaces_it(tmp_path: Path) -> None:
    file = lines(tmp_path / "mine.jsonl", [ours(1), ours(2)])
    import_file(file)
    again = import_file(file)
    assert (again.added, again.changed, again.removed, again.unchanged) == (0, 0, 0, 2)
    lines(file, [ours(1, "b")])
    other = import_file(file)
    assert (other.changed, other.removed) == (1, 1)
    assert Preference.objects.get().outcome == "b"


def test_what_cannot_be_used_at_all_changes_nothing(tmp_path: Path) -> None:
    file = lines(tmp_path / "mine.jsonl", [ours(1)])
    import_file(file)
    with pytest.raises(PermanentError, match=r"No row of bad\.jsonl can be used"):
        import_file(lines(tmp_path / "bad.jsonl", [ours(1, response_a="")]), format="ours", name="mine")
    with pytest.raises(PermanentError, match="no format"):
        import_file(file, format="nothing")
    for name in ("a:b", " ", "desk"):
        with pytest.raises(PermanentError, match="without a colon"):
            import_file(file, name=name)
    assert Preference.objects.count() == 1


def test_nul_and_lone_surrogates_do_not_stop_a_file(tmp_path: Path) -> None:
    rows = ['{"prompt": "p\\u0000", "response_a": "a\\u0000", "response_b": "b", "preferred": "a"}', ours(2)]
    assert import_file(lines(tmp_path / "odd.jsonl", rows)).rows == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"subset": "a\0b"}, {"subset": "x" * 80}, {"group": "g\0" * 40}, {"language": "r\0u"},
        {"category": "c\0" * 300}, {"preferred": None, "votes": [{"annotator": "p\0", "choice": "a"}]},
    ],
    ids=["nul in subset", "long subset", "group", "language", "category", "annotator"],
)  # fmt: skip
def test_what_the_table_cannot_hold_does_not_stop_a_file(tmp_path: Path, odd: dict[str, Any]) -> None:
    file = lines(tmp_path / "odd.jsonl", [ours(1) | odd, {"id": "b\0", "prompt": "p", "response_a": ""}])
    assert (import_file(file).rows, import_file(file).unchanged) == (1, 1)


def test_long_names_that_begin_alike_stay_two(tmp_path: Path) -> None:
    rows = [ours(1, subset="x" * 80 + end, group="g" * 40 + end, category="c" * 300 + end) for end in "yz"]
    import_file(lines(tmp_path / "long.jsonl", rows))
    for name in ("criterion", "prompt_group", "category"):
        assert Preference.objects.values(name).distinct().count() == 2


def test_people_of_a_file_have_pseudonyms_wherever_they_leave_to(tmp_path: Path, settings: Settings) -> None:
    people = ("anna.ivanova@shop.example", "Пётр")
    votes = [{"annotator": name, "choice": "a"} for name in people]
    rows = [ours(number) | {"preferred": None, "votes": votes} for number in range(30)]
    import_file(lines(tmp_path / "mine.jsonl", rows))
    import_file(lines(tmp_path / "other.jsonl", rows[:1]))
    store = open_store(settings)
    made = make_version(store, settings).version
    named = {name for line in read_all(store, made)["train.parquet"] for name in line["annotators"]}
    assert all(re.fullmatch("annotator-[0-9a-f]{10}", name) for name in named)
    mine, other = (Preference.objects.filter(imported__name=name).first() for name in ("mine", "other"))
    assert mine is not None
    assert other is not None
    of = [{vote["annotator"] for vote in row.votes} for row in (mine, other)]
    assert [len(each) for each in of] == [2, 2]
    assert not of[0] & of[1]  # nobody is followed from one file to another


def test_the_card_names_the_licence_of_each_file(tmp_path: Path, settings: Settings) -> None:
    settings.dataset_licence = "cc-by-4.0"
    import_file(lines(tmp_path / "mine.jsonl", [ours(number) for number in range(9)]), licence="cc-by-nc | 4.0\n# no")
    import_file(lines(tmp_path / "other.jsonl", [ours(number) for number in range(20, 23)]))
    store = open_store(settings)
    made = make_version(store, settings).version
    card = store.get(f"{made.prefix}/README.md").decode()
    assert "| mine | 9 | cc-by-nc \\| 4.0 # no |" in card
    assert "| other | 3 | not named |" in card
    assert "Licence: cc-by-4.0." in card
    assert made.report["licences"] == {"mine": "cc-by-nc | 4.0\n# no", "other": "not named"}


def test_names_that_came_before_pseudonyms_are_renamed(tmp_path: Path) -> None:
    file = lines(tmp_path / "mine.jsonl", [ours(1) | {"preferred": None, "votes": [{"annotator": "p", "choice": "a"}]}])
    import_file(file)
    renamed = Preference.objects.get().votes
    former = [{"annotator": "mine/p", "choice": "A"}]
    Preference.objects.update(votes=former)
    import_module("vitrina.preferences.migrations.0004_pseudonyms_of_files").rename(apps, None)
    assert Preference.objects.get().votes == renamed != former


EXPECTED = {
    "hh_rlhf_harmless_base": ("hh-rlhf", 1591, 7),
    "pandalm_3annotators": ("pandalm", 664, 40),
    "qa_feedback_4way": ("qa-feedback", 2094, 0),
    "llmbar_instruction_following": ("llmbar", 288, 0),
    "synthetic_ru_products": ("ours", 3000, 0),
}


@pytest.mark.slow
def test_all_shared_files_become_one_dataset_without_a_leak(settings: Settings, shared_data: Path) -> None:
    """Also the size of a real source: 7,600 pairs."""
    for name, (format, rows, aside) in EXPECTED.items():
        result = import_file(shared_data / "preferences" / f"{name}.jsonl")
        assert (name, result.format, result.rows, sum(result.set_aside.values())) == (name, format, rows, aside)
    made = make_version(open_store(settings), settings)
    counts = made.version.counts
    kept = sum(counts["pairs"].values()) + sum(counts["ties"].values())
    assert kept + sum(counts["set_aside"].values()) == counts["given"] == 1591 + 664 + 2094 + 288 + 3000
    assert made.version.validated, made.version.report["meeting"]
    assert made.missing == []
    figures = made.version.report["figures"]
    assert 0.84 < figures["krippendorff_alpha"]["estimate"] < 0.89
    assert set(counts["set_aside"]) <= {
        "duplicate", "contradiction", "identical_sides", "near_identical_sides", "no_majority", "personal_data",
        "two_languages", "too_long", "wrong_language",
    }  # fmt: skip
    rows_read = read_all(open_store(settings), made.version)
    by_key = {row.key: row for row in Preference.objects.all()}
    for side in ("train", "validation", "test"):
        for row in rows_read[f"{side}.parquet"]:
            stored = by_key[row["key"]]
            assert row["chosen"] == (stored.text_a if stored.outcome == "a" else stored.text_b)
