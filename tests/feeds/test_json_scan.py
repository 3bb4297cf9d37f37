"""Cutting objects out of a stream, whatever the chunks are."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.feeds import json_scan
from vitrina.feeds.json_scan import Cut, cut_objects

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=6)
SEPARATORS = st.sampled_from(["", "\n", ",", "\n****\n", " \r\n\r\n"])


@settings(max_examples=80, deadline=None)
@given(OBJECTS, SEPARATORS, st.sampled_from([None, 1]), st.integers(300, 2000))
def test_every_object_comes_out_as_it_went_in(objects, separator, indent, chunk) -> None:
    text = separator.join(json.dumps(one, ensure_ascii=False, indent=indent) for one in objects)
    before, json_scan._CHUNK = json_scan._CHUNK, chunk
    try:
        pieces = list(cut_objects(BytesIO(text.encode("utf-8", "surrogatepass"))))
    finally:
        json_scan._CHUNK = before
    assert {piece.kind for piece in pieces} <= {Cut.RECORD}
    assert [json.loads(piece.data) for piece in pieces] == objects


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='{}[]":,\\ \nab1*', max_size=200), st.integers(0, 3))
def test_any_text_is_cut_to_its_end(text, depth) -> None:
    data = text.encode()
    pieces = list(cut_objects(BytesIO(data), depth))
    assert sum(len(piece.data) for piece in pieces) <= len(data)


@pytest.mark.parametrize("size", [json_scan._CHUNK - 3, json_scan._CHUNK, json_scan._CHUNK + 3])
def test_strings_and_escapes_over_the_end_of_a_chunk_stay_whole(size: int) -> None:
    objects = [{"a": "x" * size + '\\"{'}, {"b": 1}]
    pieces = list(cut_objects(BytesIO("\n".join(map(json.dumps, objects)).encode())))
    assert [json.loads(piece.data) for piece in pieces] == objects
