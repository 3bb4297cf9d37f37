"""Pairs: who writes, which products, what is left out, and that no annotator can tell who wrote what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.making import catalogue, day, parsed, take
from vitrina.config import Settings
from vitrina.content import card
from vitrina.content.card_writer import write_card
from vitrina.content.facts import ProductFacts
from vitrina.errors import PermanentError, VitrinaError
from vitrina.llm.gateway import Gateway
from vitrina.llm.wiring import open_gateway
from vitrina.preferences.models import Candidate, PairOrigin
from vitrina.preferences.pair_records import near_duplicates
from vitrina.preferences.pairing import certainty, make_pairs
from vitrina.preferences.selection import LEAST_CERTAIN, NEW, RANDOM, UNCERTAIN, choose_products, quotas
from vitrina.preferences.sending import waiting_pairs
from vitrina.preferences.writers import Writer, configured_writers, embedded_writers, matched
from vitrina.review.models import Batch, ResponsePair, ReviewItem

COLOURS = ("синий", "чёрный", "белый", "красный", "зелёный")


def goods(count: int, **more: Any) -> None:
    """Products with facts enough for a card."""
    take(day(1), [
        parsed(
            str(n), f"Футболка мужская хлопковая Vega {n}", brand="Vega",
            attributes={"Материал": "хлопок 95%, эластан 5%", "Цвет": COLOURS[n % 5], "Размер": "S, M, L, XL",
                        "Страна": "Турция", "Длина": f"{60 + n} см"},
            **more,
        )
        for n in range(1, count + 1)
    ])  # fmt: skip


@pytest.fixture
def gateway(database: str) -> Any:
    with open_gateway(run_id="test") as opened:
        yield opened


# -- cards ------------------------------------------------------------------------------------------------------

FACTS = ProductFacts(
    7, "Платье женское хлопковое синее", brand="Koton", category_path="Одежда > Женщинам > Платья",
    attributes={"Материал": "хлопок 95%, эластан 5%", "Размер": "S, M, L", "Цвет": "синий", "Страна": "Турция"},
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_every_variant_of_a_card_keeps_the_contract_and_says_only_what_is_known(seed: int) -> None:
    from vitrina.content.grounding import check

    made = write_card(FACTS, seed=seed)
    assert card.violations(made) == []
    assert check(made.text, FACTS).score == 1.0
    assert write_card(FACTS, seed=seed) == made
    assert card.parse(card.dump(made), product_id=7, language="ru") == made


def test_variants_differ() -> None:
    assert len({write_card(FACTS, seed=seed).text for seed in range(12)}) >= 9


@given(st.text(max_size=400), st.integers(0, 50))
def test_no_title_breaks_a_card(title: str, seed: int) -> None:
    made = write_card(ProductFacts(1, title, language="ru"), seed=seed)
    assert 0 < len(made.text) <= card.CHARS_MAX


@pytest.mark.parametrize(
    ("answer", "what"),
    [("{}", "product_id"), ("nonsense", "JSON"), ('{"product_id": 8, "language": "ru", "text": "x"}', "must be 7"),
     ('{"product_id": 7, "language": "en", "text": "x"}', "must be ru"),
     ('{"product_id": 7, "language": "ru", "text": "<p></p>"}', "without markup")],
)  # fmt: skip
def test_what_is_no_card_is_refused_in_words(answer: str, what: str) -> None:
    from vitrina.content.contract import ContractError

    with pytest.raises(ContractError, match=what):
        card.parse(answer, product_id=7, language="ru")


# -- writers and products ---------------------------------------------------------------------------------------


def test_every_two_writers_meet_and_meet_again_with_other_samples() -> None:
    writers = [Writer("a", sample=0), Writer("b", sample=1), Writer("c", sample=2)]
    pairs = [matched(writers, n) for n in range(6)]
    assert Counter(frozenset((one.name, other.name)) for one, other in pairs) == {
        frozenset("ab"): 2, frozenset("ac"): 2, frozenset("bc"): 2,
    }  # fmt: skip
    assert len({(w.name, w.sample) for two in pairs for w in two}) == 6
    first, again = matched(embedded_writers(), 0), matched(embedded_writers(), 1)
    assert first[0] == again[0], "the platform's own wording has no second version"
    assert (first[1].seed, again[1].seed) == (1, 2)


def test_writers_of_the_settings(settings: Settings) -> None:
    assert [w.name for w in configured_writers(settings, embedded=True, model="m")] == ["embedded", "embedded-variant"]
    assert [w.temperature for w in configured_writers(settings, embedded=False, model="m")] == [0.3, 1.0]
    settings.pair_writers = [{"name": "a"}, {"name": "b", "model": "policy", "temperature": 0.5}]
    assert configured_writers(settings, embedded=False, model="m")[1].identity("m") == ("b", "policy", 0.5, None, 1)
    for wrong, message in (
        ([{"name": "a"}], "needs two"), ([{"name": "a"}, {"name": "a"}], "must not repeat"),
        ([{"name": "a"}, {"name": "b", "temperature": 9}], "writer 2: temperature"), ([{}, {}], "writer 1: name"),
    ):  # fmt: skip
        settings.pair_writers = wrong
        with pytest.raises(PermanentError, match=message):
            configured_writers(settings, embedded=False, model="m")


@given(
    st.integers(0, 500),
    st.dictionaries(st.sampled_from([NEW, UNCERTAIN, RANDOM, LEAST_CERTAIN]), st.floats(0, 10)),
    st.booleans(),
)
def test_shares_add_up(count: int, shares: dict[str, float], scored: bool) -> None:
    given_shares = quotas(count, shares, scored=scored)
    assert sum(given_shares.values()) == count
    assert scored or given_shares[LEAST_CERTAIN] == 0


def test_products_are_chosen_once_and_not_while_a_pair_of_theirs_waits(settings: Settings, gateway: Gateway) -> None:
    goods(12)
    chosen = choose_products(8, {NEW: 0.5, RANDOM: 0.5}, contract="card", seed="s")
    assert len({one.product for one in chosen}) == 8
    assert Counter(one.reason for one in chosen) == {NEW: 4, RANDOM: 4}
    assert choose_products(8, {NEW: 0.5, RANDOM: 0.5}, contract="card", seed="s") == chosen
    result = make_pairs(settings, gateway, count=5)
    waiting = set(PairOrigin.objects.values_list("pair__product", flat=True))
    assert len(waiting) == result.pairs == 5
    assert waiting.isdisjoint(one.product for one in choose_products(20, {RANDOM: 1.0}, contract="card"))


# -- pairs ------------------------------------------------------------------------------------------------------


def test_a_pair_has_two_writers_and_its_sides_say_nothing_of_them(settings: Settings, gateway: Gateway) -> None:
    goods(30)
    result = make_pairs(settings, gateway, count=30, run_id="r1")
    assert result.pairs + sum(result.left_out.values()) == 30
    assert result.pairs > 20
    for origin in PairOrigin.objects.select_related("pair", "candidate_a", "candidate_b"):
        assert (origin.pair.text_a, origin.pair.text_b) == (origin.candidate_a.text, origin.candidate_b.text)
        assert {origin.candidate_a.writer, origin.candidate_b.writer} == {"embedded", "embedded-variant"}
        assert all(160 <= len(text) <= 380 for text in (origin.pair.text_a, origin.pair.text_b))
        assert "embedded" not in str([origin.pair.prompt, origin.pair.facts, origin.pair.measures])
    first = PairOrigin.objects.filter(candidate_a__writer="embedded").count()
    assert 0 < first < result.pairs, "neither writer is always A"
    batch = Batch.objects.get()
    assert (batch.overlap, batch.strategy, batch.criterion) == (2, "uncertain", "usefulness")
    assert waiting_pairs(settings) == result.pairs


def test_a_second_run_makes_no_pair_twice_and_asks_for_no_text_twice(settings: Settings, gateway: Gateway) -> None:
    goods(6)
    make_pairs(settings, gateway, count=6)
    pairs, texts = ResponsePair.objects.count(), Candidate.objects.count()
    assert make_pairs(settings, gateway, count=6).pairs == 0, "all wait for people"
    assert (ResponsePair.objects.count(), Candidate.objects.count()) == (pairs, texts)
    ReviewItem.objects.update(state="done")
    again = make_pairs(settings, gateway, count=6)
    assert again.texts.standing == 6, "the embedded writer's own wording stands"
    assert ResponsePair.objects.count() == pairs + again.pairs
    assert again.pairs > 0


def test_a_full_batch_is_followed_by_the_next(settings: Settings, gateway: Gateway) -> None:
    goods(9)
    settings.pair_batch_size = 4
    result = make_pairs(settings, gateway, count=9)
    assert [b.name for b in Batch.objects.order_by("id")] == ["card-ru-1", "card-ru-2", "card-ru-3"][
        : len(result.batches)
    ]
    assert max(ReviewItem.objects.filter(batch=b).count() for b in Batch.objects.all()) == 4


def test_what_is_no_pair_is_left_out_with_a_reason(settings: Settings, gateway: Gateway) -> None:
    take(day(1), [parsed("1", "Вещь")])
    result = make_pairs(settings, gateway, count=3)
    assert (result.pairs, dict(result.left_out)) == (0, {"contract: too_short": 1})
    assert near_duplicates("Синее платье.", "синее  ПЛАТЬЕ", "card")
    assert near_duplicates("<p>Синее платье</p>", "<p>Синее</p><p>платье</p>", "description")
    assert not near_duplicates("Синее платье", "Красное платье", "card")


class Length:
    """A reward model that likes long texts; it can be told to fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def margins(self, pairs: Sequence[tuple[str, str, str]]) -> list[float]:
        if self.fails:
            raise VitrinaError("The reward model is gone.")
        return [(len(first) - len(second)) / 50 for _, first, second in pairs]


def test_the_least_certain_pairs_come_first_at_the_desk(settings: Settings, gateway: Gateway) -> None:
    goods(20)
    make_pairs(settings, gateway, count=20)
    ReviewItem.objects.update(state="done")
    settings.pair_shares = {"least_certain": 1.0}
    result = make_pairs(settings, gateway, count=8, scorer=Length())
    assert set(result.chosen) <= {LEAST_CERTAIN, RANDOM}
    assert 0 < result.pairs <= 8
    rated = ReviewItem.objects.filter(state="open").select_related("pair")
    for item in rated:
        assert item.pair is not None
        margin = (len(item.pair.text_a) - len(item.pair.text_b)) / 50
        assert item.certainty == pytest.approx(certainty(margin))


@pytest.mark.parametrize(("free", "count"), [(6, 8), (9, 8)])
def test_a_small_catalogue_gets_its_pairs_though_no_others_are_left_to_rank(
    settings: Settings, gateway: Gateway, free: int, count: int
) -> None:
    goods(free)
    settings.pair_shares = {"least_certain": 1.0}
    result = make_pairs(settings, gateway, count=count, scorer=Length())
    assert result.pairs == min(count, free - sum(result.left_out.values())) > 0


def test_a_reward_model_that_fails_loses_no_pair(settings: Settings, gateway: Gateway) -> None:
    goods(6)
    settings.pair_shares = {"least_certain": 1.0}
    result = make_pairs(settings, gateway, count=6, scorer=Length(fails=True))
    assert result.pairs == 6 - sum(result.left_out.values()) > 0


def test_certainty_is_0_at_a_toss_up_and_near_1_when_sure() -> None:
    assert certainty(0.0) == 0.0
    assert certainty(-2.0) == certainty(2.0)
    assert certainty(9.0) > 0.99


def test_full_descriptions_are_compared_when_the_setting_says_so(settings: Settings, gateway: Gateway) -> None:
    goods(4)
    settings.pair_contract = "description"
    make_pairs(settings, gateway, count=4)
    texts = Candidate.objects.filter(contract="description")
    assert texts.count() == 8
    assert all(candidate.text.startswith("<p>") for candidate in texts)
    assert len(set(texts.values_list("text", flat=True))) == 8
    assert len(catalogue()) == 4
