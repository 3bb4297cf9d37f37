"""Best of n for short cards: what is chosen, what is kept of the others, and that no judge stops the work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.preferences.choices import Longest, counts, gateway, ids, judge, tools
from vitrina.catalog.models import Product
from vitrina.catalog.processing import Tools, card_products, describe_products
from vitrina.content.best_of import NO_SCORER
from vitrina.preferences.candidates import Written
from vitrina.preferences.cards import shown_cards
from vitrina.preferences.choosing import Tally
from vitrina.preferences.models import Candidate, Choice, ProductCard, ScoredCandidate

__all__ = ["gateway", "tools"]


def test_one_text_for_each_product_is_the_default_and_leaves_no_choice(tools: Tools) -> None:
    tally = Tally()
    assert describe_products(ids(), tools, tally=tally).written == 6
    assert (tally.products, Candidate.objects.count(), Choice.objects.count()) == (0, 0, 0)
    made = card_products(ids(), tools)
    assert (made.made, made.texts.asked, made.missing) == (6, 6, 0)
    assert Choice.objects.count() == 0
    assert {card.writer for card in ProductCard.objects.all()} == {"embedded"}
    assert made.tally.notes == {
        "reward_model": "not asked: there is one text for each product", "policy": "no policy was promoted yet",
    }  # fmt: skip


def test_the_card_that_the_champion_prefers_is_kept_and_the_others_beside_it(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 4
    judge(monkeypatch, Longest())
    made = card_products(ids(), tools)
    assert (made.made, made.texts.asked, made.tally.candidates) == (6, 24, 24)
    for card in ProductCard.objects.select_related("choice"):
        assert card.choice is not None
        options = list(ScoredCandidate.objects.filter(choice=card.choice).select_related("candidate"))
        assert len(options) == 4
        fit = [option for option in options if option.fit]
        assert len(card.text) == max(len(option.candidate.text) for option in fit)
        assert [option.candidate_id for option in options if option.chosen] == [card.candidate_id]
        scores = [option.score for option in options]
        assert card.choice.uplift == pytest.approx(len(card.text) - sum(filter(None, scores)) / 4)
        assert (card.choice.scorer, card.choice.why) == ("f" * 64, "")
    assert len(made.tally.uplifts) == 6
    before = counts()
    again = card_products(ids(), tools)
    assert (again.made, again.unchanged, counts()) == (0, 6, before)
    refreshed = card_products(ids(), tools, refresh=True)
    assert (refreshed.made, refreshed.wanted, counts()) == (0, 0, before)


def test_another_champion_chooses_anew_in_a_backfill_and_asks_nobody(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.settings.best_of = 3
    judge(monkeypatch, None)
    first = card_products(ids(), tools)
    assert first.tally.unscored == {NO_SCORER: 6}
    assert {card.writer for card in ProductCard.objects.all()} == {"embedded"}
    judge(monkeypatch, Longest())
    assert card_products(ids(), tools).wanted == 0, "not without being asked"
    made = card_products(ids(), tools, refresh=True)
    assert (made.wanted, made.texts.asked, made.texts.standing) == (6, 0, 18)
    assert Choice.objects.count() == 12


def test_a_failing_judge_stops_nothing(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.settings.best_of = 2
    judge(monkeypatch, Longest(fails=True))
    made = card_products(ids(), tools)
    assert made.made == 6
    [why] = made.tally.unscored
    assert "it is gone" in why
    assert {choice.scorer for choice in Choice.objects.all()} == {""}


def test_a_card_that_a_failing_judge_left_is_made_again_in_a_backfill(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = replace(tools, settings=tools.settings.model_copy(update={"best_of": 3}))
    judge(monkeypatch, Longest(fails=True))
    assert card_products(ids(), several).made == 6
    judge(monkeypatch, Longest())
    assert card_products(ids(), several).wanted == 0
    again = card_products(ids(), several, refresh=True)
    assert (again.wanted, again.texts.asked) == (6, 0)
    assert card_products(ids(), several, refresh=True).wanted == 0


def test_a_card_of_former_facts_is_not_shown_while_no_new_one_can_be_written(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_products(ids(), tools)
    first, *others = ids()
    Product.objects.filter(pk=first).update(title="Совсем другой товар")
    with monkeypatch.context() as patch:
        patch.setattr("vitrina.preferences.cards.write_candidates", lambda *_, **__: Written())
        assert card_products(ids(), tools).missing == 1
    assert set(shown_cards(ids(), "ru")) == set(others) & set(shown_cards(others, "ru"))
    assert card_products(ids(), tools).made == 1
