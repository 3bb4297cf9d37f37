"""Best of n: what is chosen, what is kept of the others, and that nothing stops the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.preferences.test_pairing import goods
from vitrina.catalog.models import Product
from vitrina.catalog.processing import Tools, card_products, describe_products
from vitrina.config import Settings
from vitrina.content.best_of import ALONE, NO_SCORER, Option, pick
from vitrina.content.models import ContentVersion
from vitrina.llm.gateway import Gateway
from vitrina.llm.messages import ChatRequest
from vitrina.llm.models import LlmAttempt
from vitrina.llm.outcomes import ChatResult, Outcome
from vitrina.llm.wiring import open_gateway
from vitrina.objects import open_store
from vitrina.preferences import champion
from vitrina.preferences.candidates import Written
from vitrina.preferences.cards import shown_cards
from vitrina.preferences.champion import Found
from vitrina.preferences.choosing import Tally
from vitrina.preferences.models import Candidate, Choice, ProductCard, ScoredCandidate


@dataclass
class Longest:
    """A reward model that likes length; it can be told to fail, or to give nonsense."""

    model_id: str = "f" * 64
    kind: str = "linear"
    fails: bool = False
    nonsense: bool = False
    asked: list[int] = field(default_factory=list)

    def scores(self, prompts: Sequence[str], texts: Sequence[str]) -> list[float]:
        assert len(prompts) == len(texts)
        self.asked.append(len(texts))
        if self.fails:
            raise OSError("it is gone")
        return [float("nan") if self.nonsense else float(len(text)) for text in texts]


# -- the choice alone -------------------------------------------------------------------------------------------


def test_the_highest_score_wins_among_the_fit() -> None:
    short, long, longest = Option("p", "x"), Option("p", "xx"), Option("p", "xxx", fit=False)
    scorer = Longest()
    found = pick([[short, long, longest], [long], [longest, longest]], scorer)
    assert [one.place for one in found] == [1, 0, 0]
    assert found[0].scores == (1.0, 2.0, 3.0)
    assert found[0].uplift == 0.0
    assert (found[1].why, found[1].uplift) == (ALONE, None)
    assert scorer.asked == [5], "everything is scored in one call, and a text that stands alone is not"


@pytest.mark.parametrize(
    ("scorer", "why"), [(None, NO_SCORER), (Longest(fails=True), "it is gone"), (Longest(nonsense=True), "no numbers")]
)
def test_without_scores_the_first_fit_text_is_taken_and_the_reason_told(scorer: Longest | None, why: str) -> None:
    [found] = pick([[Option("p", "a", fit=False), Option("p", "b"), Option("p", "ccc")]], scorer)
    assert (found.place, found.uplift) == (1, None)
    assert why in found.why


@given(st.lists(st.lists(st.tuples(st.text(max_size=9), st.booleans()), min_size=1, max_size=5), max_size=6))
def test_every_group_gets_its_own_best(groups: list[list[tuple[str, bool]]]) -> None:
    options = [[Option("p", text, fit) for text, fit in group] for group in groups]
    for group, found in zip(options, pick(options, Longest()), strict=True):
        chosen = group[found.place]
        assert chosen.fit or not any(option.fit for option in group)
        assert all(len(option.text) <= len(chosen.text) for option in group if option.fit == chosen.fit)


# -- in the catalogue -------------------------------------------------------------------------------------------


@pytest.fixture
def gateway(database: str) -> Iterator[Gateway]:
    with open_gateway(run_id="test") as opened:
        yield opened


class Index:
    """No vectors: no template is shown."""


@pytest.fixture
def tools(settings: Settings, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Tools:
    monkeypatch.setattr("vitrina.content.examples.nearest_examples", lambda *_: {})
    goods(6)
    return Tools(settings, open_store(settings), Index(), gateway, "run")  # type: ignore[arg-type]


def judge(monkeypatch: pytest.MonkeyPatch, scorer: Longest | None) -> None:
    monkeypatch.setattr(champion, "champion_or_why", lambda *_: Found(scorer, "told"))  # type: ignore[arg-type]


def ids() -> list[int]:
    return list(Product.objects.order_by("pk").values_list("pk", flat=True))


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Candidate, Choice, ScoredCandidate, ProductCard, LlmAttempt))


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


def marks() -> dict[int, tuple[int, str, str]]:
    """Product → number, text and mark of its newest version."""
    rows = ContentVersion.objects.order_by("number").values_list("product", "number", "text_hash", "fingerprint")
    return {product: (number, text, mark) for product, number, text, mark in rows}


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
