"""Tables, wrapped arrays and lines of old systems are read as JSON Lines are; what is none is called by its name."""

import csv
import gzip
import io
import json

import pytest

from tests.preferences_formats.records import LLMBAR, OURS, PANDALM, QA, aside, write
from vitrina.errors import PermanentError
from vitrina.preferences.formats import lines as lines_module
from vitrina.preferences.formats import load

ROWS = [OURS | {"id": str(number), "response_b": f'Два, "три"; {number}\nстрока'} for number in range(3)]


def table(records, delimiter=",", **more):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), delimiter=delimiter, **more)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def plain(tmp_path, records, format=None):
    return [known(row) for row in load([write(tmp_path / "plain.jsonl", *records)], format).rows]


def known(row):
    return row.prompt, row.a, row.b, row.choice, row.votes, row.group, row.row_id


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows", "rows.csv.gz"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_table_is_read_as_lines_are(tmp_path, name, delimiter):
    data = table(ROWS, delimiter)
    for content in (data, b"\xef\xbb\xbf" + data, data.replace(b"\r\n", b"\n")):
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        read = load([tmp_path / name])
        expected = plain(tmp_path, ROWS)
        assert [known(row)[0] for row in read.rows] == [each[0] for each in expected]
        assert [row.b.replace("\r\n", "\n") for row in read.rows] == [each[2] for each in expected]
        assert [row.line for row in read.rows] == [2, 4, 6]
        assert read.set_aside == []


@pytest.mark.parametrize("record", [LLMBAR, PANDALM, QA])
def test_tables_of_other_formats_are_known_by_their_columns(tmp_path, record):
    cells = {name: json.dumps(value) if isinstance(value, list) else value for name, value in record.items()}
    (tmp_path / "rows.csv").write_bytes(table([cells] * 2))
    assert [known(row)[1:5] for row in load([tmp_path / "rows.csv"]).rows] == [
        each[1:5] for each in plain(tmp_path, [record] * 2)
    ]


def test_lists_numbers_and_empty_cells_of_a_table_are_what_they_mean(tmp_path):
    votes = json.dumps([{"annotator": "x", "choice": "b"}])
    row = OURS | {"preferred": "", "votes": votes, "margin": "0.5", "group": "", "language": ""}
    (tmp_path / "ours.csv").write_bytes(table([row]))
    (read,) = load([tmp_path / "ours.csv"]).rows
    assert (str(read.choice), read.margin, read.language, len(read.votes)) == ("b", 0.5, None, 1)
    turns = [{"role": "user", "content": "Что?"}, {"role": "assistant", "content": "Это."}]
    other = [*turns[:1], {"role": "assistant", "content": "То."}]
    (tmp_path / "chat.csv").write_bytes(table([{"chosen": json.dumps(turns), "rejected": json.dumps(other)}]))
    assert [(row.prompt, row.a, row.b) for row in load([tmp_path / "chat.csv"]).rows] == [("Что?", "Это.", "То.")]
    (tmp_path / "best.csv").write_bytes(table([{"prompt": "p", "chosen": "x", "rejected": '["y", "z"]'}]))
    assert [row.b for row in load([tmp_path / "best.csv"]).rows] == ["y", "z"]


def test_a_row_of_another_width_costs_only_itself(tmp_path):
    lines = table(ROWS[:1]).replace(b"\r\n", b"\n") + b"one,two\n\n" + table(ROWS[1:]).split(b"\r\n", 1)[1]
    (tmp_path / "rows.csv").write_bytes(lines)
    assert (len(load([tmp_path / "rows.csv"]).rows), aside(tmp_path / "rows.csv")) == (3, [("wrong_columns", 4)])


def test_a_table_that_ends_early_or_has_no_end_says_so(tmp_path, monkeypatch):
    data = table([OURS] * 400)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(data)[:-20])
    assert "file_ends_early" in load([tmp_path / "cut.csv.gz"]).reasons
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 1_000)
    (tmp_path / "open.csv").write_bytes(table([OURS]) + b'"' + b"x\n" * 5_000)
    assert load([tmp_path / "open.csv"]).reasons == {"file_ends_early": 1}
    (tmp_path / "long.csv").write_bytes(table([OURS]) + b"x" * 5_000)
    assert load([tmp_path / "long.csv"]).reasons == {"file_ends_early": 1}


def test_tables_that_cannot_be_used_are_told_why(tmp_path):
    (tmp_path / "old.csv").write_bytes(table(ROWS).decode().encode("cp1251"))
    with pytest.raises(PermanentError, match="not in UTF-8"):
        load([tmp_path / "old.csv"])
    (tmp_path / "other.csv").write_bytes(b"name,price\nx,1\n")
    with pytest.raises(PermanentError, match="columns name, price"):
        load([tmp_path / "other.csv"])


@pytest.mark.parametrize("key", ["data", "rows", "examples", "train"])
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_may_stand_within_one_object(tmp_path, key, indent):
    about = {"version": "1.0", "features": [{"name": "prompt"}], "of": {"data": [1]}}
    for wrapper in ({key: ROWS}, about | {key: ROWS, "licence": {"name": "mit"}, "more": [{"a": 1}]}):
        (tmp_path / "rows.json").write_text(json.dumps(wrapper, ensure_ascii=False, indent=indent), encoding="utf-8")
        read = load([tmp_path / "rows.json"])
        assert [known(row) for row in read.rows] == plain(tmp_path, ROWS)
        assert read.set_aside == []
    served = {key: [{"row_idx": place, "row": row, "truncated_cells": []} for place, row in enumerate(ROWS)]}
    (tmp_path / "rows.json").write_text(json.dumps(served, indent=indent))
    assert [known(row) for row in load([tmp_path / "rows.json"]).rows] == plain(tmp_path, ROWS)


def test_a_row_that_holds_such_a_list_is_a_row_all_the_same(tmp_path):
    rows = [row | {"data": [{"x": 1}]} for row in ROWS]
    assert len(load([write(tmp_path / "rows.jsonl", *rows)]).rows) == 3


def test_a_wrapped_array_cut_short_gives_its_whole_rows(tmp_path):
    (tmp_path / "cut.json").write_text(json.dumps({"data": [OURS, OURS]})[:-30])
    read = load([tmp_path / "cut.json"])
    assert (len(read.rows), read.reasons) == (1, {"file_ends_early": 1})


def test_lines_of_old_systems_are_lines(tmp_path):
    written = [json.dumps(row, ensure_ascii=False).encode() for row in ROWS]
    for ends in (b"\r", b"\r\n", b"\n"):
        (tmp_path / "rows.jsonl").write_bytes(ends.join(written) + ends)
        assert [row.line for row in load([tmp_path / "rows.jsonl"]).rows] == [1, 2, 3]
    (tmp_path / "rows.csv").write_bytes(table([OURS] * 3).replace(b"\r\n", b"\r"))
    assert len(load([tmp_path / "rows.csv"]).rows) == 3


def test_parquet_is_read_and_a_damaged_one_is_told(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "rows.parquet"
    rows = [row | {"votes": [{"annotator": "x", "choice": "a"}]} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert [known(row) for row in load([path]).rows] == plain(tmp_path, rows)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PermanentError, match="cannot be read as Parquet"):
        load([path])
