"""Best of n where texts are missing: in a batch, after an outage, after a kill; nothing is paid for twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.preferences.choices import Longest, gateway, ids, judge, marks, tools
from vitrina.catalog.processing import Tools, card_products, describe_products
from vitrina.content.models import ContentVersion
from vitrina.llm.gateway import Gateway
from vitrina.llm.messages import ChatRequest
from vitrina.llm.models import LlmAttempt
from vitrina.llm.outcomes import ChatResult, Outcome
from vitrina.preferences.models import Candidate, Choice, ProductCard

__all__ = ["gateway", "tools"]


def without(gateway: Gateway, outcome: Outcome, number: int) -> Callable[..., Iterator[ChatResult]]:
    """The gateway's ``run``, which leaves one sample of every second product unanswered."""
    run, ids_of_half = gateway.run, {str(pk) for pk in ids()[::2]}

    def left(requests: Iterable[ChatRequest], **values: Any) -> Iterator[ChatResult]:
        asked = list(requests)
        missing = [one for one in asked if one.sample == number and one.item_id in ids_of_half]
        yield from (ChatResult(one, outcome, error="left") for one in missing)
        yield from run([one for one in asked if one not in missing], **values)

    return left


def test_nothing_is_chosen_while_a_text_that_is_paid_for_waits_in_a_batch(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 3
    judge(monkeypatch, Longest())
    with monkeypatch.context() as waiting:
        waiting.setattr(tools.gateway, "run", without(tools.gateway, Outcome.PENDING, 2))
        left = describe_products(ids(), tools)
        cards = card_products(ids(), tools)
    assert (left.asked, left.written, left.failed) == (6, 3, {"pending": 3})
    assert (cards.made, cards.missing, cards.texts.failed) == (3, 3, {"pending": 3})
    assert ContentVersion.objects.count() == ProductCard.objects.count() == 3
    calls = LlmAttempt.objects.count()
    rest = describe_products(ids(), tools)
    assert (rest.asked, rest.written) == (3, 3)
    assert card_products(ids(), tools).made == 3
    assert LlmAttempt.objects.count() == calls + 6, "the texts that were missing, and no other"
    assert all(choice.options.count() == 3 for choice in Choice.objects.all())
    assert describe_products(ids(), tools, refresh=True).asked == 0
    assert card_products(ids(), tools, refresh=True).wanted == 0


def test_a_choice_among_fewer_texts_than_asked_for_stands_and_a_backfill_chooses_again(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 2
    judge(monkeypatch, Longest())
    with monkeypatch.context() as broken:
        broken.setattr(tools.gateway, "run", without(tools.gateway, Outcome.TRANSPORT, 1))
        assert describe_products(ids(), tools).written == 6
        assert card_products(ids(), tools).made == 6
    assert sorted(mark != "" for _, _, mark in marks().values()) == [False] * 3 + [True] * 3
    calls = LlmAttempt.objects.count()
    assert (describe_products(ids(), tools).asked, card_products(ids(), tools).wanted) == (0, 0), "not unasked"
    again = describe_products(ids(), tools, refresh=True)
    assert (again.asked, again.written + again.same) == (3, 3)
    assert card_products(ids(), tools, refresh=True).wanted == 3
    assert LlmAttempt.objects.count() == calls + 6
    assert (describe_products(ids(), tools, refresh=True).asked, card_products(ids(), tools, refresh=True).wanted) == (
        0,
        0,
    )


def test_a_run_that_was_killed_before_it_kept_anything_pays_for_nothing_twice(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What no handler of the platform catches."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    tools.settings.best_of = 3
    judge(monkeypatch, Longest())
    with monkeypatch.context() as dying:
        dying.setattr("vitrina.content.describing.keep", killed)
        with pytest.raises(Killed):
            describe_products(ids(), tools)
    with monkeypatch.context() as dying:
        dying.setattr("vitrina.preferences.cards.choose_candidates", killed)
        with pytest.raises(Killed):
            card_products(ids(), tools)
    assert (ContentVersion.objects.count(), ProductCard.objects.count()) == (0, 0)
    calls, texts = LlmAttempt.objects.count(), Candidate.objects.count()
    assert describe_products(ids(), tools).written == 6
    assert card_products(ids(), tools).made == 6
    assert (LlmAttempt.objects.count(), Candidate.objects.count()) == (calls, texts)
