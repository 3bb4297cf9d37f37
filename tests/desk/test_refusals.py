"""What services refuse reaches a Russian page in Russian."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from tests.desk.cases import make_cases, page
from vitrina.comparison.words import of_reason
from vitrina.desk.refusals import known_words
from vitrina.desk.wording import problem_words
from vitrina.errors import PermanentError
from vitrina.preferences.formats.rows import Reason
from vitrina.review.errors import Conflict

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).parents[2] / "vitrina"
REVIEW = sorted(path for path in (ROOT / "review").glob("*.py") if path.stem not in {"errors", "__init__"})
SERVICES = (*REVIEW, ROOT / "accounts/services.py", ROOT / "accounts/tokens.py")
#: Abbreviations that are the same in every language.
SAME = re.compile(r"A, B|E; both_bad|при E")


def plain(said: ast.expr) -> str:
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)


def sentences(path: Path) -> list[str]:
    """What a service raises for people, with a word in the place of each value. Conflicts carry a code."""
    found = []
    for node in raised(path, {"NotDecidable", "AccountError", "Forbidden"}):
        said = node.args[0]
        found += [plain(one) for one in ([said.body, said.orelse] if isinstance(said, ast.IfExp) else [said])]
    return found


def raised(path: Path, classes: set[str]) -> list[ast.Call]:
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return [call for call in calls if getattr(call.func, "id", "") in classes]


def assert_russian(words: str | None, of: str) -> None:
    assert words is not None, of
    assert re.search("[а-я]", words), of
    assert not re.search("[A-Za-z]{3,}", SAME.sub("", words)), words


def test_sentences_are_found() -> None:
    assert len([sentence for service in SERVICES for sentence in sentences(service)]) > 60


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_sentence_of_a_service_has_russian_words(service: Path) -> None:
    with translation.override("ru"):
        for sentence in sentences(service):
            assert_russian(known_words(PermanentError(sentence, hint="Do something.")), sentence)


def test_every_conflict_has_russian_words() -> None:
    codes = {word.value.value for service in REVIEW for call in raised(service, {"Conflict"})
             for word in call.keywords if word.arg == "reason"}  # fmt: skip
    assert codes > {"held", "closed", "full", "flagged"}
    with translation.override("ru"):
        for code in codes:
            assert_russian(problem_words(Conflict("This is English.", reason=code)), code)


def test_every_reason_why_a_record_of_a_file_is_not_used_has_russian_words() -> None:
    with translation.override("ru"):
        for reason in Reason:
            assert_russian(of_reason(reason, "This is English.").replace("JSON", ""), reason)
    with translation.override("en"):
        assert of_reason(Reason.MISSING_FIELD, "The field a is missing.") == "The field a is missing."


@pytest.mark.usefixtures("database")
def test_a_russian_page_says_in_russian_why_not(client_of: Callable[..., Client]) -> None:
    admin = client_of("admin")
    [item] = make_cases()
    address = f"/products/{item.product_id}/"
    admin.post(f"{address}shown/", {"shown": "no", "comment": "так"}, headers={"accept-language": "ru"})
    assert "Этот товар ещё не был в магазине." in page(admin, address)
    refused = admin.post("/people/invite/", {"email": "nobody", "role": "admin"}, headers={"accept-language": "ru"})
    assert "Это не адрес электронной почты: nobody" in refused.content.decode()
