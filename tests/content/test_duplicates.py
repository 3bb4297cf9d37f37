from __future__ import annotations

from vitrina.content.duplicates import DuplicateIndex, find_duplicates

TEXT = " ".join(f"слово{n}" for n in range(100))


def changed(places: list[int]) -> str:
    words = TEXT.split()
    for place in places:
        words[place] = "другое"
    return " ".join(words)


def test_the_same_text_is_found_whatever_its_case_and_punctuation():
    found = find_duplicates({1: TEXT, 2: TEXT.upper().replace(" ", ", "), 3: "совсем иное " * 20})
    assert {key: [item.key for item in items] for key, items in found.items()} == {1: [2], 2: [1]}
    assert found[1][0].similarity == 1.0


def test_a_word_changed_here_and_there_is_a_near_duplicate():
    found = find_duplicates({1: TEXT, 2: changed([50])})
    assert 0.8 <= found[1][0].similarity < 1


def test_half_of_the_words_changed_is_another_text():
    assert find_duplicates({1: TEXT, 2: changed(list(range(0, 100, 2)))}) == {}


def test_a_text_is_not_its_own_duplicate():
    index = DuplicateIndex()
    index.add("a", TEXT)
    assert index.nearest(TEXT, exclude="a") == []
    assert [item.key for item in index.nearest(TEXT)] == ["a"]


def test_a_key_that_is_added_again_stands_for_the_new_text():
    index = DuplicateIndex()
    index.add("a", TEXT)
    index.add("a", "другой текст " * 30)
    assert index.nearest(TEXT) == []


def test_empty_and_short_texts_do_no_harm():
    assert find_duplicates({1: "", 2: "", 3: "да", 4: "да"}) == {
        3: find_duplicates({3: "да", 4: "да"})[3],
        4: find_duplicates({3: "да", 4: "да"})[4],
    }


def test_the_catalogue_may_hold_one_text_very_often():
    found = find_duplicates(dict.fromkeys(range(200), TEXT))
    assert len(found) == 200
