"""Files of records: packed, cut short, too long, one array or many, brackets without end."""

import gzip
import json
import tracemalloc
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.preferences_formats.records import OURS, PANDALM, anything, aside, write
from vitrina.errors import PermanentError
from vitrina.preferences.formats import elements as elements_module
from vitrina.preferences.formats import lines as lines_module
from vitrina.preferences.formats import (
    load,
)
from vitrina.preferences.formats.elements import cut_elements


def test_packed_files_arrays_and_byte_order_marks_read_as_plain_lines_do(tmp_path):
    plain = load([write(tmp_path / "rows.jsonl", OURS, PANDALM | OURS)]).rows
    raw = (tmp_path / "rows.jsonl").read_bytes()
    (tmp_path / "packed.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "marked.jsonl").write_bytes(b"\xef\xbb\xbf" + raw)
    (tmp_path / "together.jsonl").write_bytes(b"".join(b"\xef\xbb\xbf" + line for line in raw.splitlines(True)))
    (tmp_path / "array.json").write_text(json.dumps([OURS, PANDALM | OURS], indent=1))
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "array.json").read_bytes())
    for name in ("packed.gz", "marked.jsonl", "together.jsonl", "array.json", "marked.json"):
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


def brackets(count: int) -> str:
    return "[" * count + "]" * count


@pytest.mark.parametrize("count", [65, 300, 2_000, 20_000])
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
