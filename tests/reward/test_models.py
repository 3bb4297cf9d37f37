"""Linear reward models: training, files, errors that say what to do."""

import json
import math

import numpy as np
import pytest

from tests.reward.made import made, pairs, write
from vitrina.errors import PermanentError
from vitrina.preferences.formats import load
from vitrina.reward import storage
from vitrina.reward.calibration import calibration_error, fit_temperature, log_loss, reliability
from vitrina.reward.fitting import Plan, train
from vitrina.reward.linear import LinearModel, LinearSettings
from vitrina.reward.models import ModelKind, open_model
from vitrina.reward.pairs import data_version, margins


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear")
    train(load([made(folder, 600)]), Plan(folder / "model", ModelKind.LINEAR))
    return folder / "model"


def test_a_linear_model_learns_the_rubric(model_folder, tmp_path):
    rows = load([made(tmp_path, 400, seed=1)]).decided
    found = margins(open_model(model_folder), rows)
    assert (found > 0).mean() > 0.9
    assert log_loss(found) < 0.3


def test_swapping_the_sides_negates_the_margin(model_folder, tmp_path):
    model = open_model(model_folder)
    rows = load([made(tmp_path, 50, seed=2)]).decided
    prompts = [row.prompt for row in rows]
    first, second = (model.scores(prompts, side) for side in ([row.a for row in rows], [row.b for row in rows]))
    assert np.array_equal(first - second, -(second - first))
    assert np.array_equal(
        margins(model, rows),
        np.asarray([m if r.choice == "a" else -m for m, r in zip(first - second, rows, strict=True)]),
    )


def test_a_text_scores_the_same_alone_and_among_others(model_folder):
    model = open_model(model_folder)
    texts = ["Цвет белый. Вес 540 г.", "Лучший в мире.", ""]
    together = model.scores(["", "", ""], texts)
    assert together.tolist() == [model.scores([""], [text])[0] for text in texts]


def test_the_heaviest_weights_are_the_facts_and_the_praise(model_folder):
    heaviest = open_model(model_folder).manifest["parts"]["linear"]["heaviest"]
    down = " ".join(term for term, _ in heaviest["down"])
    assert any(piece in down for piece in ("луч", "суп", "хит", "мод", "крут", "понр"))
    assert all(weight > 0 for _, weight in heaviest["up"])


def test_training_twice_gives_the_same_weights(model_folder, tmp_path):
    again = train(load([made(tmp_path, 600)]), Plan(tmp_path / "again", ModelKind.LINEAR))
    assert again.model_id == open_model(model_folder).model_id
    other = train(load([made(tmp_path, 600)]), Plan(tmp_path / "other", ModelKind.LINEAR, seed=5))
    assert other.model_id != again.model_id


def test_no_file_of_a_model_is_a_pickle(model_folder):
    names = {path.relative_to(model_folder).as_posix() for path in model_folder.rglob("*") if path.is_file()}
    assert names == {"README.md", "groups.json", "linear/linear.json", "linear/weights.npz", "manifest.json"}
    with np.load(model_folder / "linear" / "weights.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind == "f" for name in arrays.files)


def test_a_changed_file_is_not_opened(model_folder, tmp_path):
    import shutil

    copy = shutil.copytree(model_folder, tmp_path / "copy")
    weights = copy / "linear" / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(PermanentError, match=r"weights\.npz is missing or was changed"):
        open_model(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda manifest: {"format": "something"}, "no reward model"),
        (lambda manifest: manifest | {"version": 99}, "version 99"),
        (lambda manifest: manifest | {"files": {"../../etc/passwd": {"sha256": "", "bytes": 1}}}, "outside"),
        (lambda manifest: manifest | {"parts": {"../linear": {"temperature": 1}}}, "cannot be opened"),
        (lambda manifest: manifest | {"files": None}, "damaged"),
        (lambda manifest: manifest | {"parts": None}, "cannot be opened"),
        (lambda manifest: manifest | {"temperature": None}, "cannot be opened"),
    ],
)
def test_a_manifest_that_is_not_ours_is_told_as_such(model_folder, tmp_path, change, message):
    import shutil

    copy = shutil.copytree(model_folder, tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(change(manifest)))
    with pytest.raises(PermanentError, match=message):
        open_model(copy)


def test_a_folder_without_a_model_says_how_to_make_one(tmp_path):
    with pytest.raises(PermanentError, match="vitrina reward train"):
        open_model(tmp_path)


def test_too_few_pairs_say_how_many_are_missing(tmp_path):
    with pytest.raises(PermanentError, match=r"70 decided pairs.*too few: 30 more are needed"):
        train(load([made(tmp_path, 70)]), Plan(tmp_path / "model"))
    assert not (tmp_path / "model").exists()


def test_too_few_prompts_say_how_many_are_missing(tmp_path):
    records = [record | {"prompt": f"Опиши {place % 4}"} for place, record in enumerate(pairs(200))]
    with pytest.raises(PermanentError, match="4 different prompts; 6 more"):
        train(load([write(tmp_path / "few.jsonl", records)]), Plan(tmp_path / "model"))


def test_all_ties_are_named_as_the_reason(tmp_path):
    with pytest.raises(PermanentError, match=r"None of 200 pairs is decided \(.*tie.*both_bad"):
        train(load([made(tmp_path, 200, ties=1.0)]), Plan(tmp_path / "model"))


def test_a_model_is_replaced_only_when_asked_to(tmp_path):
    loaded = load([made(tmp_path, 200)])
    first = train(loaded, Plan(tmp_path / "model", ModelKind.LINEAR))
    with pytest.raises(PermanentError, match="--replace"):
        train(loaded, Plan(tmp_path / "model", ModelKind.LINEAR))
    assert train(loaded, Plan(tmp_path / "model", ModelKind.LINEAR, replace=True)).model_id == first.model_id
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("work of years")
    with pytest.raises(PermanentError, match="no reward model"):
        train(loaded, Plan(tmp_path / "papers", ModelKind.LINEAR, replace=True))
    assert (tmp_path / "papers" / "thesis.txt").exists()


def test_without_a_wish_few_pairs_get_a_linear_model_and_the_reason(tmp_path):
    told = []
    model = train(
        load([made(tmp_path, 200)]), Plan(tmp_path / "model"), lambda stage, figures: told.append((stage, figures))
    )
    assert model.manifest["kind"] == "linear"
    assert any(stage == "kind" and "1000 pairs" in figures["why"] for stage, figures in told)


def test_a_missing_library_names_the_command_that_installs_it(tmp_path, monkeypatch):
    from importlib import util

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest))
    with pytest.raises(PermanentError, match="make train-env"):
        train(load([made(tmp_path, 200)]), Plan(tmp_path / "model", ModelKind.TRANSFORMER))


def test_a_card_obeys_no_text_of_the_files(tmp_path):
    path = made(tmp_path, 200).rename(tmp_path / "<script>[x](y)*.jsonl")
    train(load([path]), Plan(tmp_path / "model", ModelKind.LINEAR))
    card = (tmp_path / "model" / "README.md").read_text()
    assert "<script>" not in card
    assert "\\<script\\>" in card
    assert "decided pairs: 200" in card


def test_the_data_version_follows_the_pairs_and_not_their_order():
    from random import Random

    from vitrina.preferences.formats.labelled import read_ours

    rows = [next(read_ours(record)) for record in pairs(40)]
    assert data_version(rows) == data_version(Random(1).sample(rows, 40))
    assert data_version(rows) != data_version(rows[1:])


def test_a_temperature_mends_margins_that_are_too_sure():
    rng = np.random.default_rng(0)
    true = rng.normal(size=20_000)
    signed = np.where(rng.random(20_000) < 1 / (1 + np.exp(-true)), true, -true)
    temperature = fit_temperature(signed * 4)
    assert math.isclose(temperature, 4, rel_tol=0.1)
    assert calibration_error(reliability(signed * 4 / temperature)) < 0.02 < calibration_error(reliability(signed * 4))


def test_a_few_pairs_of_which_a_model_knows_nothing_say_little_of_its_temperature():
    rng = np.random.default_rng(0)
    signed = rng.normal(size=6_000)
    assert 1.2 < fit_temperature(signed[:60]) < 4
    assert fit_temperature(signed) > 5


def test_a_temperature_of_nothing_is_one():
    assert fit_temperature(np.zeros(0)) == fit_temperature(np.zeros(100)) == 1.0


def test_a_long_hostile_answer_is_scored_in_bounded_work(model_folder):
    model = open_model(model_folder)
    huge = "вес 540 г. " * 200_000
    assert model.scores([""], [huge])[0] == model.scores([""], [huge[:20_000]])[0]


def test_weights_and_vocabulary_must_fit_together(tmp_path):
    LinearModel(LinearSettings("word"), np.ones(2), np.ones(2), ["a", "b"]).save(tmp_path)
    described = json.loads((tmp_path / "linear.json").read_text())
    (tmp_path / "linear.json").write_text(json.dumps(described | {"vocabulary": ["a"]}))
    with pytest.raises(ValueError, match="one length"):
        LinearModel.load(tmp_path)


def test_an_interrupted_training_is_told_where_a_model_is_asked_for(tmp_path):
    storage.partial_folder(tmp_path / "model").mkdir()
    with pytest.raises(PermanentError, match="goes on with it"):
        open_model(tmp_path / "model")
