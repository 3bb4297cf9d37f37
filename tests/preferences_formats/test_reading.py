"""Readers of preference files: what is recognised, what is mapped, what is set aside and why."""

import gzip
import json
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vitrina.errors import PermanentError
from vitrina.preferences.formats import (
    FORMATS,
    Choice,
    PreferenceRow,
    SetAside,
    Vote,
    load,
    majority,
    read_preferences,
    recognise,
)
from vitrina.preferences.formats import elements as elements_module
from vitrina.preferences.formats import lines as lines_module
from vitrina.preferences.formats.elements import cut_elements
from vitrina.preferences.formats.fields import optional_number

OURS = {"prompt": "Опиши чайник", "response_a": "Чайник на 1,7 л.", "response_b": "Лучший чайник!", "preferred": "a"}
HH = {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello.", "rejected": "\n\nHuman: Hi\n\nAssistant: Go away."}
PANDALM = {
    "instruction": "Sum up",
    "input": "A text",
    "response1": "One",
    "response2": "Two",
    "annotator1": 2,
    "annotator2": 2,
    "annotator3": 0,
    "motivation_app": "Mail",
}
QA = {
    "question": "Who?",
    "prediction_1": "Ann",
    "prediction_2": "Bob",
    "prediction_3": "Cid",
    "prediction_4": "Dan",
    "preference": [1, 2, 0, 1, 2, 0],
}
LLMBAR = {"input": "Say yes", "output_1": "No", "output_2": "Yes", "label": 2, "subset": "Natural"}
REWARDBENCH = {"prompt": "Say yes", "chosen": "Yes", "rejected": "No", "subset": "chat", "id": 7}
BEST_OF = {"prompt": "Say yes", "chosen": ["Yes"], "rejected": ["No", "Maybe", "Never"], "subset": "math", "id": "x"}
SAMPLES = {
    "ours": OURS,
    "hh-rlhf": HH,
    "pandalm": PANDALM,
    "qa-feedback": QA,
    "llmbar": LLMBAR,
    "rewardbench": REWARDBENCH,
}


def write(path: Path, *records: Any) -> Path:
    text = "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path, format: str | None = None) -> PreferenceRow:
    (row,) = read_preferences(path, format)
    assert isinstance(row, PreferenceRow)
    return row


def aside(path: Path, format: str | None = None) -> list[tuple[str, int]]:
    return [(str(row.reason), row.line) for row in read_preferences(path, format) if isinstance(row, SetAside)]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_recognised_by_its_columns(tmp_path, name):
    assert recognise(write(tmp_path / "rows.jsonl", SAMPLES[name])).name == name


def test_a_file_of_no_known_format_says_its_columns_and_the_known_ones(tmp_path):
    with pytest.raises(PermanentError, match=r"left, right.*response_a"):
        recognise(write(tmp_path / "rows.jsonl", {"left": 1, "right": 2}))


def test_an_unknown_name_of_a_format_lists_the_known_ones(tmp_path):
    with pytest.raises(PermanentError, match="hh-rlhf"):
        list(read_preferences(write(tmp_path / "rows.jsonl", OURS), "csv"))


def test_names_of_formats_are_taken_as_people_write_them(tmp_path):
    assert only(write(tmp_path / "rows.jsonl", PANDALM), "PandaLM").source == "pandalm"
    assert len(list(read_preferences(write(tmp_path / "qa.jsonl", QA), "QA_feedback"))) == 6


@pytest.mark.parametrize(
    ("said", "choice"),
    [("a", Choice.A), ("b", Choice.B), ("tie", Choice.TIE), ("both_bad", Choice.BOTH_BAD), ("B", Choice.B)],
)
def test_what_the_person_chose_is_what_the_row_says(tmp_path, said, choice):
    row = only(write(tmp_path / "rows.jsonl", OURS | {"preferred": said}))
    assert row.choice is choice
    assert (row.a, row.b) == (OURS["response_a"], OURS["response_b"])
    if row.decided:
        assert row.chosen == OURS[f"response_{choice.value}"]
        assert row.rejected != row.chosen
    else:
        with pytest.raises(ValueError, match=said):
            _ = row.chosen


def test_ties_and_both_bad_are_counted_apart(tmp_path):
    records = [OURS | {"preferred": said} for said in ("a", "tie", "both_bad", "both_bad")]
    loaded = load([write(tmp_path / "rows.jsonl", *records)])
    assert loaded.choices == {"a": 1, "b": 0, "tie": 1, "both_bad": 2, "split": 0}
    assert len(loaded.decided) == 1


def test_votes_of_our_own_files_make_the_choice_where_none_is_given(tmp_path):
    votes = [{"annotator": "p1", "choice": "b"}, {"annotator": "p2", "choice": "b"}, {"annotator": "p3", "choice": "a"}]
    record = {key: value for key, value in OURS.items() if key != "preferred"} | {"votes": votes}
    row = only(write(tmp_path / "rows.jsonl", record))
    assert row.choice is Choice.B
    assert row.votes[2] == Vote("p3", Choice.A)


def test_annotators_who_disagree_without_a_majority_decide_nothing():
    assert majority([Vote("1", Choice.A), Vote("2", Choice.B)]) is Choice.SPLIT
    assert majority([Vote("1", Choice.A), Vote("2", Choice.B), Vote("3", Choice.TIE)]) is Choice.SPLIT
    assert majority([Vote("1", Choice.TIE), Vote("2", Choice.B), Vote("3", Choice.TIE)]) is Choice.TIE
    with pytest.raises(ValueError, match="Nobody"):
        majority([])


def test_the_prompt_of_a_transcript_is_all_up_to_the_last_answer(tmp_path):
    record = {
        "chosen": "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Help\n\nAssistant: Gladly.",
        "rejected": "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Help\n\nAssistant: No.",
    }
    row = only(write(tmp_path / "rows.jsonl", record))
    assert row.prompt == "Human: Hi\n\nAssistant: Yes?\n\nHuman: Help\n\nAssistant:"
    assert (row.chosen, row.rejected) == ("Gladly.", "No.")
    assert not row.sides_shown


def test_dialogues_that_begin_alike_are_one_group(tmp_path):
    again = {
        side: text.replace("Human: Hi", "Human: hi!\n\nAssistant: Yes?\n\nHuman: Go on") for side, text in HH.items()
    }
    first, second = load([write(tmp_path / "rows.jsonl", HH, again)]).rows
    assert first.prompt != second.prompt
    assert first.group == second.group


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (HH | {"rejected": "\n\nHuman: Hey\n\nAssistant: Go."}, "unequal_prompts"),
        (HH | {"rejected": "\n\nHuman: Hi\n\nAssistant:  "}, "empty_answer"),
        (HH | {"rejected": "Go away."}, "no_prompt_mark"),
        (HH | {"rejected": 3}, "not_text"),
        (PANDALM | {"response2": True}, "not_text"),
        (PANDALM | {"response1": " \n"}, "empty_answer"),
        (PANDALM | {"response1": "", "response2": False}, "not_text"),
        (PANDALM | {"annotator2": 5}, "unknown_choice"),
        (PANDALM | {"annotator1": True}, "unknown_choice"),
        (OURS | {"preferred": "neither"}, "unknown_choice"),
        (OURS | {"prompt": ""}, "empty_prompt"),
        (LLMBAR | {"label": None}, "unknown_choice"),
        (QA | {"preference": [1, 2]}, "unknown_choice"),
        (REWARDBENCH | {"chosen": []}, "empty_answer"),
        ({"prompt": "Say yes", "rejected": "No", "id": 1}, "missing_field"),
    ],
)
def test_a_dirty_row_is_set_aside_with_its_reason_and_line(tmp_path, record, reason):
    good = next(sample for sample in SAMPLES.values() if set(record) - {"id"} <= set(sample))
    path = write(tmp_path / "rows.jsonl", good, "", record, good)
    assert aside(path) == [(reason, 3)]


def test_lines_that_are_no_objects_stop_nothing(tmp_path):
    path = write(tmp_path / "rows.jsonl", OURS, "{broken", "[1]", "7", OURS)
    assert aside(path) == [("not_json", 2), ("not_an_object", 3), ("not_an_object", 4)]
    assert len(load([path]).rows) == 2


def test_a_prediction_that_is_empty_costs_only_its_own_comparisons(tmp_path):
    loaded = load([write(tmp_path / "rows.jsonl", QA | {"prediction_2": ""})])
    assert loaded.reasons == {"empty_answer": 3}
    assert [row.extra["slots"] for row in loaded.rows] == [(1, 3), (1, 4), (3, 4)]


def test_six_comparisons_of_four_answers_keep_their_order_and_ties(tmp_path):
    rows = load([write(tmp_path / "rows.jsonl", QA)]).rows
    assert [(row.a, row.b, str(row.choice)) for row in rows] == [
        ("Ann", "Bob", "a"),
        ("Ann", "Cid", "b"),
        ("Ann", "Dan", "tie"),
        ("Bob", "Cid", "a"),
        ("Bob", "Dan", "b"),
        ("Cid", "Dan", "tie"),
    ]
    assert len({row.item for row in rows}) == 1


def test_columns_with_spaces_as_in_the_published_file_are_read(tmp_path):
    record = {name.replace("prediction_", "prediction "): value for name, value in QA.items()}
    assert len(load([write(tmp_path / "rows.jsonl", record)]).rows) == 6


def test_a_best_of_four_row_becomes_three_pairs_of_one_item(tmp_path):
    rows = load([write(tmp_path / "rows.jsonl", BEST_OF, BEST_OF | {"id": "y"})]).rows
    assert [(row.chosen, row.rejected) for row in rows[:3]] == [("Yes", "No"), ("Yes", "Maybe"), ("Yes", "Never")]
    assert len({row.item for row in rows}) == 2


def test_conversations_give_their_prompt_and_last_answer(tmp_path):
    asked = [{"role": "user", "content": "Say yes"}]
    record = {
        "chosen": [*asked, {"role": "assistant", "content": "Yes"}],
        "rejected": [*asked, {"role": "assistant", "content": "No"}],
    }
    row = only(write(tmp_path / "rows.jsonl", record))
    assert (row.prompt, row.chosen, row.rejected) == ("Say yes", "Yes", "No")
    other = record | {"rejected": [{"role": "user", "content": "Say no"}, {"role": "assistant", "content": "No"}]}
    assert aside(write(tmp_path / "other.jsonl", record, other)) == [("unequal_prompts", 2)]


def test_prompts_that_differ_in_case_spaces_and_signs_are_one_group(tmp_path):
    rows = load([write(tmp_path / "rows.jsonl", OURS, OURS | {"prompt": "  опиши   ЧАЙНИК!"})]).rows
    assert rows[0].group == rows[1].group


def test_packed_files_arrays_and_byte_order_marks_read_as_plain_lines_do(tmp_path):
    plain = load([write(tmp_path / "rows.jsonl", OURS, PANDALM | OURS)]).rows
    raw = (tmp_path / "rows.jsonl").read_bytes()
    (tmp_path / "packed.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "marked.jsonl").write_bytes(b"\xef\xbb\xbf" + raw)
    (tmp_path / "array.json").write_text(json.dumps([OURS, PANDALM | OURS], indent=1))
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "array.json").read_bytes())
    for name in ("packed.gz", "marked.jsonl", "array.json", "marked.json"):
        assert [(row.a, row.b, row.choice) for row in load([tmp_path / name]).rows] == [
            (row.a, row.b, row.choice) for row in plain
        ]


def test_a_packed_file_cut_short_gives_its_whole_rows_and_says_where_it_ends(tmp_path):
    body = "\n".join(json.dumps(OURS | {"id": number, "prompt": f"{number * 7919}"}) for number in range(5_000))
    packed = gzip.compress(body.encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    loaded = load([tmp_path / "cut.jsonl.gz"])
    assert loaded.reasons == {"file_ends_early": 1}
    assert 0 < len(loaded.rows) < 5_000


def test_an_array_cut_short_gives_its_whole_rows_and_says_where_it_ends(tmp_path):
    (tmp_path / "cut.json").write_text(json.dumps([OURS, OURS])[:-30])
    loaded = load([tmp_path / "cut.json"])
    assert (len(loaded.rows), loaded.reasons) == (1, {"file_ends_early": 1})


def test_a_line_that_is_too_long_is_skipped_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 1_000)
    path = write(tmp_path / "rows.jsonl", OURS, OURS | {"response_a": "x" * 5_000}, OURS)
    assert aside(path) == [("too_long_line", 2)]
    assert len(load([path]).rows) == 2


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_FILE_BYTES", 10_000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b" " * 1_000_000))
    with pytest.raises(PermanentError, match="more than"):
        load([tmp_path / "bomb.gz"], "ours")


def test_a_folder_or_a_missing_file_is_told_as_such(tmp_path):
    for path in (tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(PermanentError, match="not a file"):
            load([path])


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
COLUMNS = sorted({name for record in (*SAMPLES.values(), BEST_OF) for name in record} | {"votes", "margin", "item"})


@hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(FORMATS)), st.dictionaries(st.sampled_from(COLUMNS), anything, max_size=12))
def test_no_record_breaks_a_reader(tmp_path, name, noise):
    path = tmp_path / "noise.jsonl"
    path.write_bytes(json.dumps(SAMPLES[name] | noise).encode() + b"\n")
    for row in read_preferences(path, name):
        assert row.line == 1
        if isinstance(row, PreferenceRow):
            assert row.a.strip()
            assert row.b.strip()


def test_the_shared_files_load_with_their_dirty_rows_set_aside(shared_data):
    expected = {
        "hh_rlhf_harmless_base": ("hh-rlhf", 1591, {"empty_answer": 3, "unequal_prompts": 4}),
        "pandalm_3annotators": ("pandalm", 568, {"empty_answer": 34, "not_text": 6}),
        "qa_feedback_4way": ("qa-feedback", 1824, {}),
        "llmbar_instruction_following": ("llmbar", 288, {}),
        "synthetic_ru_products": ("ours", 3000, {}),
    }
    for name, (format_name, decided, reasons) in expected.items():
        path = shared_data / "preferences" / f"{name}.jsonl"
        loaded = load([path])
        assert (recognise(path).name, len(loaded.decided), loaded.reasons) == (format_name, decided, reasons)
        lines = sum(1 for _ in path.open("rb"))
        assert len({row.line for row in loaded.rows}) + len(loaded.set_aside) == lines


def brackets(count: int) -> str:
    return "[" * count + "]" * count


@pytest.mark.parametrize("count", [65, 300, 2_000, 100_000])
def test_a_record_of_brackets_within_brackets_is_set_aside_in_bounded_memory(tmp_path, count):
    path, row = tmp_path / "deep.json", json.dumps(OURS)
    deep = row[:-1] + f', "z": {brackets(count)}}}'
    path.write_text(f"[{row}, {deep}, {brackets(count)}, {row}]", encoding="utf-8")
    tracemalloc.start()
    loaded = load([path])
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()
    assert ([each.line for each in loaded.rows], aside(path)) == ([1, 4], [("too_deep", 2), ("too_deep", 3)])
    path.write_text("\n".join([row, deep, brackets(count), row]), encoding="utf-8")
    loaded = load([path])
    assert [each.line for each in loaded.rows] == [1, 4]
    assert {str(each.reason) for each in loaded.set_aside} == {"too_deep"}


def test_brackets_that_never_close_end_the_file_in_a_sentence(tmp_path):
    path = tmp_path / "open.json"
    path.write_text(f"[{json.dumps(OURS)}, " + "[" * 100_000, encoding="utf-8")
    assert (len(load([path]).rows), aside(path)) == (1, [("file_ends_early", 2)])


def test_an_element_without_end_is_not_held_in_memory_and_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 300_000)
    path, row = tmp_path / "long.json", json.dumps(OURS)
    path.write_text(f'[{row}, {{"prompt": "{"x" * 1_000_000}"}}, {row}]', encoding="utf-8")
    assert (len(load([path]).rows), aside(path)) == (2, [("too_long_line", 2)])


@pytest.mark.parametrize("faulty", ['{"prompt": "x" "broken"}', '{"prompt": "no end of the text,\n}', "nothing"])
def test_a_faulty_element_of_an_array_costs_only_itself(tmp_path, faulty):
    path, row = tmp_path / "faulty.json", json.dumps(OURS)
    path.write_text(f"[{row}, {faulty}, {row},\n {row}]", encoding="utf-8")
    assert (len(load([path]).rows), aside(path)) == (3, [("not_json", 2)])


def test_arrays_one_after_another_are_read_to_the_end(tmp_path):
    path, row = tmp_path / "arrays.json", json.dumps(OURS)
    path.write_text(f"[{row}]\n[1, {row}]\n{row}\n", encoding="utf-8")
    assert (len(load([path]).rows), aside(path)) == (3, [("not_an_object", 2)])


def test_objects_over_several_lines_one_after_another_are_rows(tmp_path):
    path = tmp_path / "pretty.jsonl"
    path.write_text("\n".join(json.dumps(OURS | {"id": n}, indent=2) for n in range(3)), encoding="utf-8")
    assert [row.row_id for row in load([path]).rows] == ["0", "1", "2"]


@pytest.mark.parametrize("wrap", ["{}", "[{}]"])
def test_what_python_and_javascript_write_beside_json_costs_no_row(tmp_path, wrap):
    path, row = tmp_path / "beside.json", json.dumps(OURS | {"margin": float("nan"), "response_a": "Хорошо \ud83d"})
    path.write_text(wrap.format(row), encoding="utf-8")
    (read,) = load([path]).rows
    assert (read.margin, read.a) == (None, "Хорошо \N{REPLACEMENT CHARACTER}")
    path.write_text(wrap.format(row.replace('"preferred": "a"', '"preferred": NaN')), encoding="utf-8")
    assert len(aside(path)) == 1


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(anything | st.text(alphabet='"\\{}[],\n\0я', max_size=12), max_size=6), st.integers(1, 40), st.booleans()
)
def test_an_array_is_cut_where_json_says(tmp_path, monkeypatch, values, chunk, indented):
    monkeypatch.setattr(elements_module, "_CHUNK", chunk)
    written = json.dumps(values, indent=1 if indented else None)
    cut = list(cut_elements(BytesIO(written.encode()), 1_000_000))
    assert [json.loads(each) for each in cut] == values


@pytest.mark.parametrize(("margin", "kept"), [(2, 2.0), (float("inf"), None), (float("nan"), None), (True, None)])
def test_a_margin_is_a_finite_number_or_none(margin, kept):
    assert optional_number({"margin": margin}, "margin") == kept
