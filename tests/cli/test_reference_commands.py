"""``vitrina categories``, ``templates`` and ``vectors``: the shop's reference data."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import pytest

from tests.cli.command import refusal, report, vitrina
from tests.conftest import REPOSITORY, Processed
from vitrina.config import Settings
from vitrina.objects import open_store

SAMPLES = REPOSITORY / "samples"


def test_the_reference_files_are_brought_in_and_kept(settings: Settings) -> None:
    tree = report("categories", "sync", SAMPLES / "categories.yaml")
    assert tree.keys() == {"created", "updated", "unchanged", "deactivated", "labels"}
    templates = report("templates", "import", SAMPLES / "templates.yaml")
    assert templates.keys() == {"created", "updated", "unchanged", "deactivated"}
    again = report("categories", "sync", SAMPLES / "categories.yaml")
    assert (again["created"], again["unchanged"]) == (0, tree["created"])
    again = report("templates", "import", SAMPLES / "templates.yaml")
    assert (again["created"], again["unchanged"]) == (0, templates["created"])
    assert tree["created"] > 0 < templates["created"]
    kept = {info.key for info in open_store(settings).list("")}
    assert {Path(key).name for key in kept} >= {"categories.yaml", "templates.yaml"}
    assert "unchanged" in vitrina("categories", "sync", SAMPLES / "categories.yaml").out
    assert "unchanged" in vitrina("templates", "import", SAMPLES / "templates.yaml").out


@pytest.mark.parametrize("command", [("categories", "sync"), ("templates", "import")], ids=" ".join)
@pytest.mark.parametrize(
    "content",
    [
        b"categories: [",
        b"- 1\n",
        b"",
        b"templates: [{name: 1}]\ncategories: [{slug: ''}]\n",
        b"name: \xf6\xe5\xed\xe0\n",
        b"templates: [{name: 2026-99-99}]\ncategories: [{slug: 2026-99-99}]\n",
        b"a: " + b"[" * 5000,
    ],
    ids=["no yaml", "a list", "empty", "wrong keys", "cp1251", "no date", "deep"],
)
def test_a_wrong_reference_file_changes_nothing(
    settings: Settings, tmp_path: Path, command: tuple[str, str], content: bytes
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_bytes(content)
    refusal(*command, file)
    assert list(open_store(settings).list("")) == []
    assert "absent.yaml" in refusal(*command, tmp_path / "absent.yaml")


def test_the_vectors_are_made_and_loaded_again(processed: Processed) -> None:
    made = report("vectors", "init")["collections"]
    assert len(made) == 3
    loaded = report("vectors", "rebuild")
    assert loaded["collections"].keys() == {"categories", "description_templates", "product_vectors"}
    assert sorted(loaded["collections"].values()) == sorted(row["vectors"] for row in made)
    assert loaded["dropped"] == []
    assert report("vectors", "rebuild", "categories")["collections"].keys() == {"categories"}
    assert "categories" in vitrina("vectors", "rebuild", "categories").out
    assert "Collections" in vitrina("vectors", "init").out
    told = refusal("vectors", "rebuild", "unheard")
    assert "'unheard'" in told
    assert "categories, description_templates, product_vectors" in told


def labelled(path: Path, tails: list[str]) -> Path:
    things = {"platya": ["платье летнее", "elbise yazlık"], "krema": ["крем для лица", "yüz kremi"]}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "category_slug"])
        for slug, names in things.items():
            writer.writerows((f"{name} {tail}", slug) for name, tail in product(names, tails))
    return path


def test_the_classifier_is_measured_on_files(never_started: Path, tmp_path: Path) -> None:
    train = labelled(tmp_path / "train.csv", ["синее", "белый", "Nova", "Ege", "XL", "премиум", "30 шт", "набор"])
    test = labelled(tmp_path / "test.csv", ["красный", "новый"])
    picture = tmp_path / "evaluation.png"
    files = ("--train", train, "--test", test)
    measured = report("categories", "evaluate", *files, "--plot", picture)
    assert measured.keys() >= {"n_train", "n_test", "accuracy", "ece", "automatic_share", "automatic_precision"}
    assert (measured["n_train"], measured["n_test"], measured["plot"]) == (32, 8, str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "The picture is" in vitrina("categories", "evaluate", *files, "--plot", picture).out
    assert "--title COLUMN --label COLUMN" in refusal("categories", "evaluate", *files, "--label", "slug")
    assert "directory" in refusal("categories", "evaluate", *files, "--plot", tmp_path)
    nowhere = tmp_path / "nowhere"
    assert "no folder" in refusal("categories", "evaluate", *files, "--plot", nowhere / "a.png")
    assert "absent.csv" in refusal("categories", "evaluate", "--train", tmp_path / "absent.csv", "--test", test)
