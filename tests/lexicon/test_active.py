"""A user's own words reach the grounding check and the offline writer through the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitrina.config import get_settings
from vitrina.content.facts import ProductFacts
from vitrina.content.grounding import check
from vitrina.lexicon import load


def test_words_of_the_settings_are_used_without_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = tmp_path / "words.yaml"
    words.write_text(
        "kind: material\nentries:\n  nanolite: {ru: нанолайт, tr: nanolit, en: nanolite}\n", encoding="utf-8"
    )
    facts = ProductFacts(1, "Nanolite Ceket", attributes={"Materyal": "nanolit"})
    text = "Куртка из нанолайта. Подкладка из шёлка."
    monkeypatch.delenv("VITRINA_LEXICON", raising=False)
    get_settings.cache_clear()
    assert {finding.surface for finding in check(text, facts).findings} == {"шёлка"}
    monkeypatch.setenv("VITRINA_LEXICON", str(words))
    get_settings.cache_clear()
    try:
        own = ProductFacts(1, "Ceket")
        assert {finding.surface for finding in check(text, own).findings} == {"нанолайта", "шёлка"}
        assert {finding.surface for finding in check(text, facts).findings} == {"шёлка"}
        assert load(words).get("nanolite", "material").ru == "нанолайт"
    finally:
        monkeypatch.delenv("VITRINA_LEXICON")
        get_settings.cache_clear()
