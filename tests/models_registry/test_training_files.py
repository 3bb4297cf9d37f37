"""What a training by hand was made from is named by what stands in the files."""


def test_files_by_hand_are_known_by_what_stands_in_them(tmp_path, database):
    from vitrina.models_registry.rewards import files_by_hand

    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    for path in (one, other):
        path.write_text("rows")
    version = files_by_hand([str(one)], [str(other)]).version
    assert files_by_hand([str(other)], [str(one)]).version == version
    assert files_by_hand([str(one), str(other)], []).version != version
    one.write_text("other rows")
    assert files_by_hand([str(one)], [str(other)]).version != version
