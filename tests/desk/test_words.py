"""The Russian catalogues of all applications are whole, and the compiled ones are made from them."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "vitrina"
#: The folders of catalogues, by application.
FOLDERS = {found.parents[3].name: found.parent for found in sorted(ROOT.glob("*/locale/ru/LC_MESSAGES/django.po"))}
of_each_application = pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)


def _joined(lines: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', lines)).replace('\\"', '"').replace("\\n", "\n")


def entries(folder: Path) -> list[tuple[str, str]]:
    text = (folder / "django.po").read_text(encoding="utf-8")
    found = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', text, flags=re.MULTILINE)
    return [(_joined(source), _joined(target)) for source, target in found][1:]


def test_the_desk_has_its_catalogue() -> None:
    assert len(entries(FOLDERS["desk"])) > 100


@of_each_application
def test_every_word_has_its_russian(folder: Path) -> None:
    assert [source for source, target in entries(folder) if not target] == []


@of_each_application
def test_placeholders_are_kept(folder: Path) -> None:
    def names(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)[sd]", text))

    assert [source for source, target in entries(folder) if names(source) != names(target)] == []


@of_each_application
def test_the_compiled_catalogue_says_the_same(folder: Path) -> None:
    with (folder / "django.mo").open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    assert [source for source, target in entries(folder) if compiled.gettext(source) != target] == []


@of_each_application
def test_every_text_of_pages_and_views_is_in_the_catalogue(folder: Path, tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed: apt-get install gettext")
    application = tmp_path / folder.parents[2].name
    shutil.copytree(folder.parents[2], application)
    command = ["makemessages", "-l", "ru", "--no-location", "--no-obsolete"]
    from django.core.management import call_command

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(application)
        call_command(*command, verbosity=0)
    made = application / "locale" / "ru" / "LC_MESSAGES" / "django.po"
    told = subprocess.run(["msgfmt", "--statistics", "-o", "/dev/null", str(made)], capture_output=True, text=True)
    assert "untranslated" not in told.stderr, told.stderr
    assert "fuzzy" not in told.stderr, told.stderr
