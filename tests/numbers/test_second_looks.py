"""Figures of second looks, against looks whose outcome is known, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.review.looks import REJECT, decide, draw_all, drawn_case, effect
from vitrina.statistics.intervals import Undefined, Why, wilson

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("database")


def test_nothing_drawn_says_so(client_of: Callable[..., Client]) -> None:
    from vitrina.numbers.second_looks import second_looks

    found = second_looks()
    assert (found.drawn, found.agreed) == (0, Undefined(Why.NOTHING_COUNTED, 0))
    page = client_of("admin").get("/numbers/agreement/", headers={"accept-language": "en"}).content.decode()
    assert "No approved text was drawn" in page


def test_agreement_is_counted_by_rule_reason_and_person(
    people: Callable[..., User], client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.numbers.second_looks import second_looks
    from vitrina.review.judgement import Judgement
    from vitrina.review.models import ReviewItem

    draw_all(monkeypatch)
    maria, oleg, vera = people("moderator", "maria"), people("moderator", "oleg"), people("moderator", "vera")
    for number, judgement in enumerate((Judgement("approve"), Judgement("approve"), REJECT, Judgement("reprocess"))):
        _, again = drawn_case(maria, number=number + 1)
        decide(oleg, again, judgement)
    drawn_case(vera, number=9)
    first, second = ReviewItem.objects.filter(look=3).order_by("pk")
    decide(vera, first)
    decide(vera, second, REJECT)
    effect()
    found = second_looks()
    assert (found.drawn, found.answered, found.waiting, found.void, found.let_go) == (5, 4, 1, 0, 0)
    assert found.agreed == wilson(2, 4)
    assert found.kappa == Undefined(Why.CONSTANT, 4)
    assert [(rule.said_en, rule.agreed) for rule in found.rules] == [("Few facts", wilson(2, 4))]
    assert found.otherwise == [("reject", "invented", 1), ("reprocess", "", 1)]
    assert (found.settled, found.upheld) == (2, 1)
    assert found.people == [("maria", wilson(2, 4))]
    page = client_of("admin").get("/numbers/agreement/", headers={"accept-language": "ru"}).content.decode()
    for words in ("Повторный взгляд", "50,0", "Фактов мало", "ждут: 1", "одобрение осталось в силе: 1", "maria"):
        assert words in page, words
    assert client_of("moderator").get("/numbers/agreement/").status_code == 403
