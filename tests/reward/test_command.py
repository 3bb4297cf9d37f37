"""``vitrina reward`` from the shell."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.reward.made import PROMISED, made, write
from vitrina.cli.main import app


def run(*words: object, text: str = "") -> tuple[int, str, str, BaseException | None]:
    result = CliRunner().invoke(app, ["reward", *map(str, words)], input=text)
    return result.exit_code, result.stdout, result.stderr, result.exception


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command")
    made(folder, 200)
    made(folder, 120, seed=1)
    made(folder, 150, seed=2)
    code, out, _, error = run(
        "train",
        "--train",
        folder / "rubric-200-0.jsonl",
        folder / "rubric-120-1.jsonl",
        "--out",
        folder / "model",
        "--json",
    )
    assert (code, error) == (0, None)
    assert json.loads(out)["n_train"] == 320
    return folder


def test_several_files_stand_after_one_option_or_after_several(folder):
    test = folder / "rubric-150-2.jsonl"
    learned = (folder / "rubric-200-0.jsonl", folder / "rubric-120-1.jsonl")
    one = run("evaluate", folder / "model", "--test", test, "--train", *learned, "--json", "--no-curve")
    two = run(
        "evaluate",
        "--test",
        test,
        "--train",
        learned[0],
        "--train",
        learned[1],
        folder / "model",
        "--json",
        "--no-curve",
    )
    assert one[0] == two[0] == 0
    assert json.loads(one[1]) == json.loads(two[1])


def test_a_report_is_one_object_with_all_that_is_promised(folder, tmp_path):
    test = folder / "rubric-150-2.jsonl"
    code, out, told, _ = run(
        "evaluate", folder / "model", "--test", test, "--json", "--out", tmp_path, "--plots", "none"
    )
    assert code == 0
    assert set(json.loads(out)) >= PROMISED
    assert "scoring" in told
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_people_get_tables_and_plots(folder, tmp_path):
    code, out, _, _ = run(
        "evaluate", folder / "model", "--test", folder / "rubric-150-2.jsonl", "--train", folder / "rubric-200-0.jsonl",
        "--out", tmp_path,
    )  # fmt: skip
    assert code == 0
    assert "McNemar" in out
    assert "twice as many brought" in " ".join(out.split())
    assert (tmp_path / "reliability.svg").exists()


def test_text_in_score_out(folder):
    good, bad = "Цвет белый. Вес 540 г. Материал сталь.", "Лучший в мире. Хит продаж. Просто супер."
    code, out, _, _ = run("score", folder / "model", good, bad)
    first, second = map(float, out.split())
    assert code == 0
    assert first > second
    assert float(run("score", folder / "model", text=good + "\n")[1]) == first
    lines = f"{bad}\n" + json.dumps({"prompt": "Опиши", "answer": good}) + "\n"
    assert list(map(float, run("score", folder / "model", "--lines", text=lines)[1].split())) == [second, first]
    found = json.loads(run("score", folder / "model", good, "--json")[1])["scores"][0]
    assert found == pytest.approx(first, abs=1e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("score", "nowhere", "text"), "no reward model"),
        (("train", "--train", "missing.jsonl", "--out", "model"), "not a file"),
    ],
)
def test_errors_are_sentences(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, _, error = run(*words)
    assert code != 0
    assert message in str(error)


def test_a_text_with_separators_of_its_own_is_one_line(folder):
    texts = ["Цвет\u2028белый.", "Вес\x85540 г.", "Сталь\x0bлето."]
    whole = [run("score", folder / "model", text)[1].strip() for text in texts]
    for lines in (texts, [json.dumps({"answer": text}, ensure_ascii=False) for text in texts]):
        code, out, _, error = run("score", folder / "model", "--lines", text="\r\n".join(lines) + "\r\n")
        assert (code, error) == (0, None)
        assert out.split() == whole


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"answer": null}', "Line 2 has a field answer that is NoneType, not text"),
        ('{"answer": ["x"]}', "Line 2 has a field answer that is list"),
        ('{"answer": "x", "prompt": 5}', "Line 2 has a field prompt that is int"),
        ('{"text": "x"}', "Line 2 has no answer"),
        ('{"answer": "x"', "Line 2 is no JSON object"),
        ('{"answer": ' + "[" * 100_000, "Line 2 is no JSON object"),
    ],
)
def test_a_line_without_a_text_to_score_is_named(folder, line, said):
    code, _, _, error = run("score", folder / "model", "--lines", text=f"ok\n{line}\n")
    assert code != 0
    assert said in str(error)


def test_a_second_file_that_is_not_there_is_called_so(folder):
    test = folder / "rubric-150-2.jsonl"
    for words in (("evaluate", folder / "model", "--test", test, "nosuch"),
                  ("evaluate", "--test", test, "nosuch.jsonl", folder / "model"),
                  ("train", "--out", folder / "new", "--train", test, "nosuch")):  # fmt: skip
        code, _, told, error = run(*words)
        assert code != 0
        assert "nosuch" in str(error), told
        assert "is not a file" in str(error)


def test_nothing_to_score_is_said(folder):
    assert "no text" in str(run("score", folder / "model", text=" \n")[3])


@pytest.mark.parametrize(("good", "bad"), [("x", "y"), ("👍", "👎")])
def test_answers_without_any_term_train_nothing_and_spoil_no_report(folder, tmp_path, good, bad):
    records = [{"prompt": f"вопрос {n}", "response_a": good, "response_b": bad, "preferred": "a"} for n in range(120)]
    path = write(tmp_path / "short.jsonl", records)
    code, _, _, error = run("train", "--train", path, "--out", tmp_path / "model", "--kind", "linear")
    assert code != 0
    assert "nothing to learn from" in str(error)
    code, out, _, _ = run("evaluate", folder / "model", "--test", path, "--train", path, "--json", "--plots", "none",
                          "--out", tmp_path)  # fmt: skip
    assert code == 0
    assert json.loads(out)["baselines"]["tfidf_char"]["accuracy"] == 0


def test_a_folder_that_cannot_be_made_is_said(folder, tmp_path):
    (tmp_path / "file").write_text("x")
    code, _, _, error = run("train", "--train", folder / "rubric-200-0.jsonl", "--out", tmp_path / "file" / "model",
                            "--kind", "linear")  # fmt: skip
    assert code != 0
    assert "cannot be made" in str(error)


def test_what_was_set_aside_is_named_where_nothing_is_left(folder, tmp_path):
    path = write(tmp_path / "odd.jsonl", [{"prompt": "q", "response_a": "x", "response_b": "y", "preferred": "c"}] * 3)
    for words in (("evaluate", folder / "model", "--test"), ("train", "--out", tmp_path / "model", "--train")):
        code, _, _, error = run(*words, path)
        assert code != 0
        assert "unknown_choice 3; first odd.jsonl, line 1: 'c' is not a choice" in str(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no row in it"), ("{}".encode("utf-16"), "not JSON"), (b"PK\3\4\0\0", "not JSON"), (b"[]", "no row in it")],
)
def test_a_file_of_another_kind_is_told_what_is_wanted(folder, tmp_path, content, said):
    path = tmp_path / "other"
    path.write_bytes(content)
    code, _, _, error = run("evaluate", folder / "model", "--test", path)
    assert code != 0
    assert said in str(error)
    assert "JSON Lines or one JSON array" in str(error)


def test_a_file_whose_name_is_no_text_is_used_like_any_other(folder, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.jsonl"))
    path.write_bytes((folder / "rubric-150-2.jsonl").read_bytes())
    code, _, _, _ = run("train", "--train", path, "--out", tmp_path / "model", "--kind", "linear")
    assert code == 0
    code, out, _, _ = run("evaluate", tmp_path / "model", "--test", path, "--plots", "none", "--json")
    assert code == 0
    assert json.loads(out)["test_files"]


def test_what_a_linear_model_does_not_have_is_refused(tmp_path):
    path = made(tmp_path, 130)
    ended = CliRunner().invoke(
        app, ["reward", "train", "--train", str(path), "--out", str(tmp_path / "m"), "--kind", "linear", "--base", "x"]
    )
    assert ended.exit_code != 0
    assert not (tmp_path / "m").exists()
