"""Dataset versions: right rows, the same version for the same content, sides for ever, differences, cards."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.preferences.people import batch, collected, longer, person, vote
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.objects import ObjectStore, open_store
from vitrina.preferences.dataset.differences import difference
from vitrina.preferences.dataset.versions import (
    Made,
    NotEnoughPreferences,
    make_version,
    newest,
    read_all,
    read_rows,
    unseen,
)
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.models import DatasetVersion, Preference, SplitSide
from vitrina.review.history import revise_pair
from vitrina.review.models import Decision, ResponsePair

_numbers = itertools.count(1)


@pytest.fixture
def store(settings: Settings) -> ObjectStore:
    return open_store(settings)


def preference(prompt: str | None = None, **changed: Any) -> Preference:
    number = next(_numbers)
    prompt = prompt or f"Вещь {number} {'абвгд'[number % 5] * 9} {number * 7919}"
    values = {
        "key": f"import:x:{number}", "source": "import", "prompt": prompt, "prompt_group": prompt_group(prompt),
        "text_a": f"Первый текст {number} о вещи", "text_b": f"Второй совсем иной рассказ {number}", "outcome": "a",
        "margin": 1.0, "agreement": 1.0, "votes_a": 1, "fingerprint": f"f{number}",
    }  # fmt: skip
    return Preference.objects.create(**values | changed)


def rows_of(store: ObjectStore, made: Made) -> list[dict[str, Any]]:
    found = read_all(store, made.version)
    return [row for side in ("train", "validation", "test") for row in found[f"{side}.parquet"]]


def test_each_row_is_what_the_people_chose(settings: Settings, store: ObjectStore) -> None:
    where = batch(40)
    anna, boris = person(), person()
    vote(anna, where, longer)
    vote(boris, where, longer)
    ties, bad = batch(3, overlap=1), batch(2, overlap=1)
    vote(anna, ties, "E")
    vote(anna, bad, "E", tie_kind="both_bad")
    collected()
    made = make_version(store, settings)
    rows = rows_of(store, made)
    assert len(rows) == 40
    for row in rows:
        pair = ResponsePair.objects.get(pk=row["key"].split(":")[1])
        assert {row["chosen"], row["rejected"]} == {pair.text_a, pair.text_b}
        assert row["chosen"] == max(pair.text_a, pair.text_b, key=len)
        assert row["chosen_is_a"] == (row["chosen"] == pair.text_a)
        assert (row["votes_for"], row["votes_against"], row["margin"], row["agreement"]) == (2, 0, 1.0, 1.0)
        assert len(set(row["annotators"])) == 2
        choices = Decision.objects.filter(pk__in=row["decisions"]).values_list("choice", "flip")
        assert {choice for choice, _ in choices} == {"A" if row["chosen_is_a"] else "B"}
        assert row["flips"] == [flip for _, flip in choices.order_by("pk")]
    tied = read_rows(store, made.version, "ties.parquet")
    assert sorted((row["outcome"], row["label_a"]) for row in tied) == [("both_bad", False)] * 2 + [("tie", None)] * 3
    assert made.version.validated
    assert made.version.counts["given"] == 45


def test_no_name_and_no_comment_of_an_annotator_leaves(settings: Settings, store: ObjectStore) -> None:
    anna, where = person(), batch(5, overlap=1)
    vote(anna, where)
    Decision.objects.update(comment="моё личное мнение", reasons=["style"])
    collected()
    made = make_version(store, settings)
    for name in made.version.files:
        assert anna.username.encode() not in store.get(f"{made.version.prefix}/{name}")
    told = str(read_all(store, made.version))
    assert anna.username not in told
    assert "личное" not in told
    assert "annotator-" in told


def test_the_same_preferences_are_the_same_version(settings: Settings, store: ObjectStore) -> None:
    for _ in range(12):
        preference()
    first = make_version(store, settings)
    stored = {name: store.get(f"{first.version.prefix}/{name}") for name in first.version.files}
    again = make_version(store, settings)
    assert (first.created, again.created, DatasetVersion.objects.count()) == (True, False, 1)
    DatasetVersion.objects.all().delete()
    anew = make_version(store, settings)
    assert anew.version.version == first.version.version
    assert {name: store.get(f"{anew.version.prefix}/{name}") for name in stored} == stored, "byte for byte"


def test_a_side_once_given_never_changes_whatever_comes(settings: Settings, store: ObjectStore) -> None:
    for _ in range(40):
        preference()
    first = make_version(store, settings)
    sides = {row["key"]: row["side"] for row in rows_of(store, first)}
    settings.dataset_test_share, settings.dataset_validation_share = 0.4, 0.05
    for row in list(Preference.objects.all())[:20]:
        preference(row.prompt + " ещё раз")
    second = make_version(store, settings)
    later = {row["key"]: row["side"] for row in rows_of(store, second)}
    assert {key: later[key] for key in sides} == sides
    found = difference(read_all(store, first.version), read_all(store, second.version))
    assert found.side_changes == []
    assert sum(found.added.values()) == 20
    assert second.version.parent == first.version
    assert second.version.report["difference"]["added"] == dict(found.added)


def test_the_difference_tells_what_turned_and_what_went(settings: Settings, store: ObjectStore) -> None:
    anna, where = person(), batch(6, overlap=1)
    vote(anna, where)
    collected()
    first = make_version(store, settings)
    turned, tied = Decision.objects.order_by("pk")[:2]
    revise_pair(anna, turned.pk, side="left" if turned.shown == "right" else "right")
    revise_pair(anna, tied.pk, side="tie")
    collected()
    second = make_version(store, settings)
    found = difference(read_all(store, first.version), read_all(store, second.version))
    assert len(found.turned) == len(found.moved) == 1
    assert not found.added
    assert not found.removed
    assert newest() == second.version


def test_what_was_seen_is_counted(settings: Settings, store: ObjectStore) -> None:
    assert unseen() == 0
    one = preference()
    preference()
    assert unseen() == 2
    make_version(store, settings)
    assert unseen() == 0
    Preference.objects.filter(pk=one.pk).update(outcome="b", fingerprint="other")
    assert unseen() == 1
    make_version(store, settings)
    one.delete()
    assert unseen() == 1


def test_too_little_is_told_in_words(settings: Settings, store: ObjectStore) -> None:
    with pytest.raises(NotEnoughPreferences, match="no preferences yet"):
        make_version(store, settings)
    preference(outcome="tie", margin=None)
    preference(outcome="split", margin=None)
    with pytest.raises(NotEnoughPreferences, match=r"None of 2 .* 1 are ties; 1 are set aside \(no_majority 1\)"):
        make_version(store, settings)
    assert SplitSide.objects.count() == 0, "nothing is given to what is not made"
    preference()
    made = make_version(store, settings)
    said = " ".join(made.missing)
    assert "100 are wanted" in said
    assert "is empty: more prompts are needed" in said
    assert "overlap of 2" in said


def test_one_annotator_is_told_of(settings: Settings, store: ObjectStore) -> None:
    vote(person(), batch(3, overlap=1))
    collected()
    assert "A second annotator is needed" in " ".join(make_version(store, settings).missing)


def test_a_changed_file_is_noticed(settings: Settings, store: ObjectStore) -> None:
    preference()
    made = make_version(store, settings)
    name = next(n for n, about in made.version.files.items() if about.get("rows"))
    store.put(f"{made.version.prefix}/{name}", b"PAR1 something else")
    with pytest.raises(PermanentError, match="was changed"):
        read_rows(store, made.version, name)


def test_the_card_says_what_is_in_it(settings: Settings, store: ObjectStore) -> None:
    import yaml

    settings.dataset_licence = "cc-by-4.0"
    for number in range(30):
        preference(language="ru", category=f"a|b{number}\n# heading")
    preference(text_a="same", text_b="SAME")
    made = make_version(store, settings)
    text = store.get(f"{made.version.prefix}/README.md").decode()
    _, header, body = text.split("---\n", 2)
    meta = yaml.safe_load(header)
    assert (meta["license"], meta["language"]) == ("cc-by-4.0", ["ru"])
    files = {entry["split"]: entry["path"] for entry in meta["configs"][0]["data_files"]}
    assert set(files.values()) <= set(made.version.files)
    assert "| identical_sides | 1 |" in body
    assert "undefined because" in body
    assert store.get(f"{made.version.prefix}/plots/lengths.png").startswith(b"\x89PNG")
