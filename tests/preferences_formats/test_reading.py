"""Readers of preference files: what is recognised, what is mapped, what is set aside and why."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.preferences_formats.records import (
    BEST_OF,
    HH,
    LLMBAR,
    OURS,
    PANDALM,
    QA,
    REWARDBENCH,
    SAMPLES,
    anything,
    aside,
    only,
    write,
)
from vitrina.errors import PermanentError
from vitrina.preferences.formats import (
    FORMATS,
    Choice,
    PreferenceRow,
    Vote,
    load,
    majority,
    read_preferences,
    recognise,
)
from vitrina.preferences.formats.fields import optional_number


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


@pytest.mark.parametrize(("margin", "kept"), [(2, 2.0), (float("inf"), None), (float("nan"), None), (True, None)])
def test_a_margin_is_a_finite_number_or_none(margin, kept):
    assert optional_number({"margin": margin}, "margin") == kept


@pytest.mark.parametrize(
    ("said", "choice"),
    [("response_a", Choice.A), (" Response_B ", Choice.B), ("2.0", None), ("model_b", Choice.B), ("equal", Choice.TIE),
     ("tie (bothbad)", Choice.BOTH_BAD), (0.5, None)],
)  # fmt: skip
def test_labels_that_name_a_side_are_understood_and_others_are_told_what_is_wanted(tmp_path, said, choice):
    read = load([write(tmp_path / "rows.jsonl", OURS | {"preferred": said})])
    assert [row.choice for row in read.rows] == ([choice] if choice else [])
    assert choice or "or 1, 2 and 0" in read.faults


@pytest.mark.parametrize("labels", [[0, 1], ["1.0", 0.5], [1.0, 0.0], ["0", "1"]])
def test_labels_of_two_meanings_are_refused(tmp_path, labels):
    for row, name in ((OURS, "preferred"), (LLMBAR, "label")):
        records = [row | {name: labels[number % 2]} for number in range(30)]
        with pytest.raises(PermanentError, match=f"0 and 1 in the column {name}"):
            load([write(tmp_path / "rows.jsonl", *records)])
        clear = [row | {name: number % 3} for number in range(30)]
        assert len(load([write(tmp_path / "rows.jsonl", *clear)]).decided) == 20


@pytest.mark.parametrize("votes", [["a", "a", "tie"], {"x": "a", "y": "A", "z": "tie", "w": None}])
def test_votes_may_be_choices_alone_or_by_annotator(tmp_path, votes):
    row = only(write(tmp_path / "rows.jsonl", OURS | {"votes": votes, "preferred": None}))
    assert [vote.choice for vote in row.votes] == [Choice.A, Choice.A, Choice.TIE]
    assert [vote.annotator for vote in row.votes] == (["1", "2", "3"] if isinstance(votes, list) else ["x", "y", "z"])
    assert row.choice is Choice.A


@pytest.mark.parametrize(
    ("named", "code"),
    [("ru-RU", "ru"), ("RU", "ru"), ("Russian", "ru"), ("русский", "ru"), ("en_US", "en"), ("kk", "kk")],
)
def test_a_language_is_its_code(tmp_path, named, code):
    assert only(write(tmp_path / "rows.jsonl", OURS | {"language": named})).language == code
    assert only(write(tmp_path / "other.jsonl", REWARDBENCH | {"lang": named})).language == code


def test_conversations_of_other_kinds_are_conversations(tmp_path):
    def talk(answer, shape):
        turns = [
            ("system", "Кратко."),
            ("user", "Что?"),
            ("assistant", "Это."),
            ("user", "А то?"),
            ("assistant", answer),
        ]
        return [shape(role, text) for role, text in turns]

    shapes = [
        lambda role, text: {"role": role, "content": text},
        lambda role, text: {"from": {"user": "human", "assistant": "gpt"}.get(role, role), "value": text},
        lambda role, text: {"role": role, "content": [{"type": "text", "text": text}]},
    ]
    found = []
    for shape in shapes:
        record = {
            "chosen": talk("Да.", shape),
            "rejected": talk("Нет.", shape),
            "score_chosen": 8,
            "score_rejected": 5.5,
        }
        row = only(write(tmp_path / "rows.jsonl", record))
        found.append((row.prompt, row.a, row.b, row.margin))
    assert set(found) == {("system: Кратко.\n\nuser: Что?\n\nassistant: Это.\n\nuser: А то?", "Да.", "Нет.", 2.5)}
