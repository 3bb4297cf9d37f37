"""Best of n for full descriptions: what is chosen becomes the version, and what would change it chooses again."""

from __future__ import annotations

import pytest

from tests.preferences.choices import Longest, counts, gateway, ids, judge, marks, tools
from vitrina.catalog.processing import Tools, describe_products
from vitrina.content.models import ContentVersion
from vitrina.llm.models import LlmAttempt
from vitrina.preferences.choosing import Tally
from vitrina.preferences.models import Choice

__all__ = ["gateway", "tools"]


def test_the_description_that_the_champion_prefers_becomes_the_version(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 3
    judge(monkeypatch, Longest())
    tally = Tally()
    result = describe_products(ids(), tools, tally=tally)
    assert (result.asked, result.written, tally.candidates) == (6, 6, 18)
    assert LlmAttempt.objects.filter(purpose="product_description").count() == 18
    for choice in Choice.objects.select_related("chosen"):
        version = ContentVersion.objects.get(product=choice.product)
        assert version.body == choice.chosen.text
        assert version.request_keys == [choice.chosen.request_key]
        assert choice.options.count() == 3
    before = counts()
    assert describe_products(ids(), tools, refresh=True).asked == 0
    assert (counts(), ContentVersion.objects.count()) == (before, 6)


def test_a_description_that_a_failing_judge_left_is_chosen_again_in_a_backfill(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 3
    judge(monkeypatch, Longest(fails=True))
    assert describe_products(ids(), tools).written == 6
    left = marks()
    assert {mark for _, _, mark in left.values()} == {""}
    calls = LlmAttempt.objects.count()
    again = describe_products(ids(), tools, refresh=True)
    assert (again.asked, again.written, again.same, marks()) == (6, 0, 6, left), "it still fails: nothing is made"
    judge(monkeypatch, Longest())
    assert describe_products(ids(), tools).asked == 0, "not without being asked"
    judged = describe_products(ids(), tools, refresh=True)
    assert (judged.asked, judged.written + judged.same) == (6, 6)
    assert judged.written > 0
    assert LlmAttempt.objects.count() == calls, "all answers stand"
    for product, (number, text, mark) in marks().items():
        assert mark
        assert (number, text == left[product][1]) in ((1, True), (2, False)), "the same text is no version"
    assert describe_products(ids(), tools, refresh=True).asked == 0


def test_another_share_of_true_statements_chooses_again_in_a_backfill(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 2
    judge(monkeypatch, Longest())
    describe_products(ids(), tools)
    assert describe_products(ids(), tools, refresh=True).asked == 0
    tools.settings.moderation_min_grounding = 0.5
    assert describe_products(ids(), tools).asked == 0
    again = describe_products(ids(), tools, refresh=True)
    assert (again.asked, again.cost_usd) == (6, 0)
    assert describe_products(ids(), tools, refresh=True).asked == 0
    assert Choice.objects.count() >= 6
