"""What went wrong, in words for the person: each kind has its own."""

from __future__ import annotations

from django.utils import translation

from vitrina.feeds.records import Fault
from vitrina.workbench.telling import not_read


def test_each_kind_of_fault_has_words_of_its_own_in_both_languages() -> None:
    for language in ("en", "ru"):
        with translation.override(language):
            told = [not_read("What the reader said.", fault=fault) for fault in Fault]
        assert len({one.words for one in told}) == len(Fault)
        assert {one.original for one in told} == {"What the reader said."}
        assert all(("е" in one.words.replace("Название", "")) == (language == "ru") for one in told)
