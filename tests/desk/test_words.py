"""The Russian catalogue is whole, and the compiled one is made from it."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "vitrina" / "desk" / "locale" / "ru" / "LC_MESSAGES"


def _joined(lines: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', lines)).replace('\\"', '"').replace("\\n", "\n")


def entries() -> list[tuple[str, str]]:
    text = (FOLDER / "django.po").read_text(encoding="utf-8")
    found = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', text, flags=re.MULTILINE)
    return [(_joined(source), _joined(target)) for source, target in found][1:]


def test_every_word_has_its_russian() -> None:
    assert len(entries()) > 100
    assert [source for source, target in entries() if not target] == []


def test_placeholders_are_kept() -> None:
    def names(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)[sd]", text))

    assert [source for source, target in entries() if names(source) != names(target)] == []


def test_the_compiled_catalogue_says_the_same() -> None:
    with (FOLDER / "django.mo").open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    assert [source for source, target in entries() if compiled.gettext(source) != target] == []


def test_every_text_of_pages_and_views_is_in_the_catalogue(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed: apt-get install gettext")
    desk = tmp_path / "desk"
    shutil.copytree(FOLDER.parents[2], desk)
    command = ["makemessages", "-l", "ru", "--no-location", "--no-obsolete"]
    from django.core.management import call_command

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        call_command(*command, verbosity=0)
    made = desk / "locale" / "ru" / "LC_MESSAGES" / "django.po"
    told = subprocess.run(["msgfmt", "--statistics", "-o", "/dev/null", str(made)], capture_output=True, text=True)
    assert "untranslated" not in told.stderr, told.stderr
    assert "fuzzy" not in told.stderr, told.stderr
