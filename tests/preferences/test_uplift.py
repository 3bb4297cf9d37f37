"""What best of n is worth to people: its pairs, its figure, and which reward model may choose at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.preferences.choices import Longest, ids, judge
from tests.preferences.people import collected, person, vote
from tests.preferences.test_pairing import goods
from vitrina.catalog.processing import Tools, card_products
from vitrina.config import Settings
from vitrina.llm.gateway import Gateway
from vitrina.llm.wiring import open_gateway
from vitrina.objects import open_store
from vitrina.preferences.choosing import broken
from vitrina.preferences.models import Candidate, Choice, PairOrigin
from vitrina.preferences.pairing import make_pairs
from vitrina.preferences.selection import BEST_OF, open_choices
from vitrina.preferences.uplift import by_group, uplift, verdicts
from vitrina.preferences.writer_votes import comparisons
from vitrina.review.models import Batch, ResponsePair, ReviewItem
from vitrina.statistics.intervals import Interval, Undefined


@pytest.fixture
def gateway(database: str) -> Iterator[Gateway]:
    with open_gateway(run_id="test") as opened:
        yield opened


@pytest.fixture
def chosen(settings: Settings, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Twelve products whose card was chosen among four."""
    goods(12)
    settings.best_of = 4
    settings.pair_shares = {"best_of": 1.0}
    tools = Tools(settings, open_store(settings), None, gateway, "run")  # type: ignore[arg-type]
    judge(monkeypatch, Longest())
    card_products(ids(), tools)
    return tools


def test_the_chosen_text_meets_a_random_other_and_nobody_is_asked_for_a_text(chosen: Tools) -> None:
    result = make_pairs(chosen.settings, chosen.gateway, count=12)
    assert result.texts.asked == 0
    assert result.pairs + sum(result.left_out.values()) == 12
    assert result.pairs > 6
    origins = list(PairOrigin.objects.select_related("choice", "candidate_a", "candidate_b", "pair"))
    for origin in origins:
        assert origin.chosen_for == BEST_OF
        assert origin.choice is not None
        sides = {origin.candidate_a_id: origin.candidate_a, origin.candidate_b_id: origin.candidate_b}
        assert origin.choice.chosen_id in sides
        assert not any(broken(side) for side in sides.values())
    first = sum(origin.choice.chosen_id == origin.candidate_a_id for origin in origins)
    assert 0 < first < len(origins), "neither side is always the chosen one"
    places = set()
    for origin in origins:
        [other] = {origin.candidate_a_id, origin.candidate_b_id} - {origin.choice.chosen_id}
        places.add(list(origin.choice.options.order_by("-score").values_list("candidate", flat=True)).index(other))
    assert len(places) > 1, "the other one is not always the second best"
    ReviewItem.objects.update(state="done")
    assert make_pairs(chosen.settings, chosen.gateway, count=12).chosen[BEST_OF] == 0, "one pair measures a choice"


def test_a_chosen_text_that_was_measured_before_holds_no_place(chosen: Tools) -> None:
    made = make_pairs(chosen.settings, chosen.gateway, count=12).pairs
    left = open_choices("card").count()
    for old in list(Choice.objects.filter(pairs__isnull=False)):
        options = list(old.options.all())
        old.pk, old.fingerprint, old.scorer = None, old.fingerprint[::-1], "e" * 64
        old.save()
        for option in options:
            option.pk, option.choice = None, old
            option.save()
    assert Choice.objects.filter(scorer="e" * 64).count() == made > 0
    assert open_choices("card").count() == left


def test_texts_of_former_facts_measure_nothing(chosen: Tools) -> None:
    Candidate.objects.update(input_hash="former")
    result = make_pairs(chosen.settings, chosen.gateway, count=12)
    assert result.pairs == 0
    assert dict(result.left_out) == {"texts of former facts": 12}


def test_votes_for_the_chosen_are_counted_whatever_side_it_had(chosen: Tools) -> None:
    made = make_pairs(chosen.settings, chosen.gateway, count=12).pairs
    picked = dict(PairOrigin.objects.values_list("pair", "choice__chosen__text"))
    wrong = min(picked)

    def answer(pair: ResponsePair) -> str:
        is_a = pair.text_a == picked[pair.pk]
        return "A" if is_a != (pair.pk == wrong) else "B"

    for _ in range(2):
        vote(person(), Batch.objects.get(), answer)
    collected()
    found = by_group(verdicts())
    assert list(found) == ["card", "card, linear ffffffff"]
    share = found["card"].share
    assert isinstance(share, Interval)
    assert (share.n, share.estimate) == (made, pytest.approx((made - 1) / made))
    assert share.low < share.estimate < share.high
    assert isinstance(found["card"].votes, Interval)
    assert found["card"].votes.n == 2 * made
    assert found["card"].outcomes == {"chosen": made - 1, "other": 1}
    assert sum(len(own) for own in comparisons().values()) <= made


def test_ties_are_in_no_share_and_nothing_is_undefined_and_says_why(chosen: Tools) -> None:
    assert isinstance(uplift([]).share, Undefined)
    assert by_group(verdicts()) == {}
    made = make_pairs(chosen.settings, chosen.gateway, count=12).pairs
    for _ in range(2):
        vote(person(), Batch.objects.get(), "E", tie_kind="both_bad")
    collected()
    found = by_group(verdicts())["card"]
    assert isinstance(found.share, Undefined)
    assert found.outcomes == {"both_bad": made}


def test_choices_that_no_model_made_measure_nothing(chosen: Tools) -> None:
    assert open_choices("card").count() > 0
    assert open_choices("description").count() == 0
    Choice.objects.update(scorer="")
    assert open_choices("card").count() == 0
