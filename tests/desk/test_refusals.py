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
from vitrina.desk.refusals import known_words
from vitrina.errors import PermanentError

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).parents[2] / "vitrina"
SERVICES = (
    "review/by_hand.py",
    "review/judgement.py",
    "review/effects.py",
    "accounts/services.py",
    "accounts/tokens.py",
)


def plain(said: ast.expr) -> str:
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)


def sentences(path: Path) -> list[str]:
    """What a service raises for people, with a word in the place of each value."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"NotDecidable", "AccountError"}:
            said = node.args[0]
            found += [plain(one) for one in ([said.body, said.orelse] if isinstance(said, ast.IfExp) else [said])]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_sentence_of_a_service_has_russian_words(service: str) -> None:
    found = sentences(ROOT / service)
    assert found
    with translation.override("ru"):
        for sentence in found:
            words = known_words(PermanentError(sentence, hint="Do something."))
            assert words is not None, sentence
            assert re.search("[а-я]", words), sentence
            assert not re.search("[A-Za-z]{3,}", words), words


@pytest.mark.usefixtures("database")
def test_a_russian_page_says_in_russian_why_not(client_of: Callable[..., Client]) -> None:
    admin = client_of("admin")
    [item] = make_cases()
    address = f"/products/{item.product_id}/"
    admin.post(f"{address}shown/", {"shown": "no", "comment": "так"}, headers={"accept-language": "ru"})
    assert "Этот товар ещё не был в магазине." in page(admin, address)
    refused = admin.post("/people/invite/", {"email": "nobody", "role": "admin"}, headers={"accept-language": "ru"})
    assert "Это не адрес электронной почты: nobody" in refused.content.decode()
