"""Which language a text is in, as far as rules need it: by script, without a model.

Belongs here: the share of Cyrillic and Latin letters and Turkish marks. Stays out: translation, detection of more
languages than the catalogue has.
"""

from __future__ import annotations

import re

_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_LATIN = re.compile(r"[A-Za-zÇĞİÖŞÜçğıöşü]")
_TURKISH = re.compile(r"[ĞİŞğış]")
_OTHER = re.compile(r"[^\W\d_]")

#: A Russian text names Latin brands and substances; a description of 40 % Latin letters is no longer Russian.
RUSSIAN_SHARE = 0.6
ENGLISH_SHARE = 0.9


def cyrillic_share(text: str) -> float:
    """Cyrillic letters over all letters, 0 to 1; 0 for a text without letters."""
    letters = len(_OTHER.findall(text))
    return len(_CYRILLIC.findall(text)) / letters if letters else 0.0


def looks_like(text: str, language: str) -> bool:
    """Whether a text reads as ``ru``, ``en`` or ``tr``. A text without letters reads as nothing."""
    letters = len(_OTHER.findall(text))
    if not letters:
        return False
    latin = len(_LATIN.findall(text)) / letters
    if language == "ru":
        return cyrillic_share(text) >= RUSSIAN_SHARE
    if language == "tr":
        return latin >= ENGLISH_SHARE and bool(_TURKISH.search(text))
    return latin >= ENGLISH_SHARE and len(_TURKISH.findall(text)) / letters < 0.02
