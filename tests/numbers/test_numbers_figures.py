"""Figures against planted data whose answers were computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from vitrina.numbers import moderation, pairs, periods
from vitrina.numbers import people as figures
from vitrina.statistics.agreement import Agreement
from vitrina.statistics.intervals import Interval, Undefined, Why, wilson
from vitrina.statistics.transitivity import Triads

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from vitrina.review.models import Batch, ReviewItem

NOW = datetime(2026, 5, 18, 12, tzinfo=UTC)
MONTH = periods.period(30, now=NOW)


def vote(item: ReviewItem, by: User, choice: str, *, shown: str = "left", at: datetime = NOW, **fields: Any) -> Any:
    from vitrina.review.models import Decision

    return Decision.objects.create(
        item=item, action="compare", choice=choice, shown="tie" if choice == "E" else shown, flip=False, decided_by=by,
        created_at=at, **fields,
    )  # fmt: skip


def items_of(batch: Batch, part: str = "work") -> list[ReviewItem]:
    from vitrina.review.models import ReviewItem

    items = ReviewItem.objects.filter(batch=batch, part=part).order_by("id")
    items.update(done=2, need=2)
    return list(items)


def test_a_period_is_whole_days_in_utc_with_today() -> None:
    assert MONTH.first.isoformat() == "2026-04-19"
    assert MONTH.since == datetime(2026, 4, 19, tzinfo=UTC)
    assert (len(MONTH.dates), MONTH.dates[-1].isoformat()) == (30, "2026-05-18")
    assert [periods.asked(text).days for text in (None, "7", "90", "31", "x", "-7")] == [30, 7, 90, 30, 30, 30]


def test_decisions_are_counted_by_day_action_and_reason(people: Callable[..., User]) -> None:
    from vitrina.review.models import Decision, ReviewItem

    ann = people("moderator")

    def decide(action: str, days: int, **fields: Any) -> Decision:
        item = ReviewItem.objects.create(kind="text", key=f"version:{ReviewItem.objects.count()}")
        return Decision.objects.create(
            item=item, action=action, decided_by=ann, created_at=NOW - timedelta(days=days), **fields
        )

    decide("approve", 0, active_ms=2_000)
    decide("approve", 0, active_ms=4_000)
    decide("reject", 1, active_ms=9_000, reasons=["invented", "poor"])
    decide("reject", 29, reasons=["invented"])
    decide("reject", 30, reasons=["invented"])  # the day before the period
    decide("reject", 0, reasons=["poor"], undone_at=NOW)
    later = decide("approve", 0)
    decide("reject", 0, reasons=["poor"], superseded_by=later)
    found = moderation.decisions(MONTH)
    assert found.total == 5
    assert (found.by_day["approve"][-1], found.by_day["reject"][-2], found.by_day["reject"][0]) == (3, 1, 1)
    assert found.reasons == [("invented", 2), ("poor", 1)]
    assert (found.median_seconds, found.timed) == (4.0, 3)


def test_a_persons_figures_are_their_own(people: Callable[..., User], make_batch: Callable[..., Batch]) -> None:
    from vitrina.review.models import SetAside

    ann, bob = people(), people()
    batch = make_batch(60, gold=25, onboarding=2)
    work, gold, onboarding = items_of(batch), items_of(batch, "gold"), items_of(batch, "onboarding")
    for number, item in enumerate(work[:40]):
        # 30 left, 6 right, 4 ties; four of them in half a second, the others in eight
        choice = "E" if number >= 36 else "A"
        vote(item, ann, choice, shown="left" if number < 30 else "right", active_ms=500 if number < 4 else 8_000)
    for number, item in enumerate(gold):
        right = item.expected if number < 20 else ("B" if item.expected == "A" else "A")
        vote(item, ann, right, shown="right", active_ms=8_000)
    vote(onboarding[0], ann, "A", active_ms=1)
    vote(work[40], ann, "A", at=NOW - timedelta(days=40), active_ms=1)
    vote(work[41], ann, "A", active_ms=1, voided_at=NOW)
    vote(work[0], bob, "B", active_ms=8_000)
    SetAside.objects.create(item=work[50], user=ann, kind="skip", created_at=NOW)
    SetAside.objects.create(item=work[51], user=ann, kind="flag", created_at=NOW)

    found = figures.person(ann, MONTH)
    assert (found.decisions, found.comparisons, found.median_seconds, found.timed) == (65, 65, 8.0, 65)
    assert found.skips == 1
    assert found.left == wilson(30, 61)
    assert found.one_sided is False
    assert figures.too_fast_ms(MONTH) == 2_000
    assert found.too_fast == wilson(4, 65)
    assert found.gold == wilson(20, 25)
    comparisons, cases = figures.by_day(ann, MONTH)
    assert (comparisons[-1], sum(comparisons), sum(cases)) == (65, 65, 0)
    assert [one.user_id for one in figures.everybody(MONTH)] == [ann.pk, bob.pk]


def test_gold_is_told_after_twenty_and_a_one_sided_person_is_an_alarm(
    people: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    ann = people()
    batch = make_batch(40, gold=19)
    for item in items_of(batch, "gold"):
        vote(item, ann, item.expected)
    found = figures.person(ann, MONTH)
    assert found.gold == Undefined(Why.TOO_FEW, 19, 20)
    assert found.left == wilson(19, 19)
    assert found.one_sided
    assert figures.person(people(), MONTH).left == Undefined(Why.NOTHING_COUNTED, 0)


def test_ones_own_accuracy_on_gold_moves_in_steps_of_ten_whatever_the_period(
    people: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    ann = people()
    items = items_of(make_batch(1, gold=33), "gold")
    week = periods.period(7, now=NOW)
    told = []
    for number, item in enumerate(items):
        vote(item, ann, item.expected, at=NOW - timedelta(days=10 if number < 4 else 0))
        told.append((figures.own_person(ann, MONTH).gold.n, figures.own_person(ann, week).gold.n))
    assert told == [(0, 0)] * 19 + [(20, 16)] * 10 + [(30, 26)] * 4
    assert figures.person(ann, MONTH).gold == wilson(33, 33)  # for administrators


def test_agreement_of_a_batch_is_that_of_its_standing_votes(
    people: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    ann, bob, eve = people(), people(), people()
    batch, other = make_batch(40), make_batch(40)
    items = items_of(batch)
    for number, item in enumerate(items):
        truth = "AB"[number % 2]
        vote(item, ann, truth)
        vote(item, bob, truth if number >= 8 else "AB"[1 - number % 2], shown="right")
    vote(items[0], eve, "A", voided_at=NOW)
    for item in items_of(other)[:5]:
        vote(item, eve, "A")
    found = pairs.details(batch)
    # 32 of 40 agree; 80 labels, 40 of each: alpha = 1 - (8/40) / (2 * 40 * 40 / (80 * 79))
    alpha = found.figures.alpha
    assert isinstance(alpha, Agreement)
    assert alpha.estimate == pytest.approx(1 - 0.2 / (3200 / 6320))
    assert (alpha.n, alpha.labels) == (40, 80)
    # Cohen: 0.8 observed, 0.5 by chance
    kappa = found.kappas[0][1]
    assert isinstance(kappa, Agreement)
    assert kappa.estimate == pytest.approx(0.6)
    assert kappa.n == 40
    assert found.kappas[0][0] is None
    assert found.kappas[1][0] == kappa
    assert found.figures.left == wilson(40, 80)
    assert found.figures.people == 2
    lines = {line.batch: line for line in pairs.batches()}
    assert lines[batch].votes == 80
    assert lines[other].alpha == Undefined(Why.NO_OVERLAP, 5)


def test_figures_are_counted_once_for_each_state_of_the_votes(
    people: Callable[..., User], make_batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.review.models import Decision

    ann, bob = people(), people()
    batch, still = make_batch(6, gold=2), make_batch(3)
    items, gold = items_of(batch), items_of(batch, "gold")
    vote(items_of(still)[0], ann, "A")
    counted: list[str] = []
    for name in ("_counted_lines", "_counted"):
        real = getattr(pairs, name)
        monkeypatch.setattr(pairs, name, lambda ids, name=name, real=real: counted.append(f"{name} {ids}") or real(ids))

    def shown() -> tuple[int, int, int, int, int]:
        """Votes, people, choices of a side, gold answers of all, choices where lengths differ; of a fresh request."""
        counted.clear()
        [line] = [line for line in pairs.batches() if line.batch == batch]
        found = pairs.details(batch, line)
        return line.votes, line.people, line.left.n, sum(right.n for _, right in found.gold), found.longer.n

    assert shown() == (0, 0, 0, 0, 0)
    assert len(counted) == 2
    assert shown() == (0, 0, 0, 0, 0)
    assert counted == []
    first = vote(items[0], ann, "A")
    second = vote(items[0], bob, "B")
    vote(gold[0], ann, gold[0].expected)
    lengths = shown()[-1]
    assert shown()[:-1] == (3, 2, 3, 1)
    assert counted == []
    second.undone_at = NOW
    second.save()
    assert shown()[:-1] == (2, 1, 2, 1)
    # Only what changed is counted anew
    assert counted == [f"_counted_lines [{batch.pk}]", f"_counted [{batch.pk}]"]
    later = Decision(item=items[0], action="compare", choice="E", shown="tie", flip=False, created_at=NOW)
    later.save()
    first.superseded_by = later
    first.save()
    later.decided_by = ann
    later.save()
    assert shown() == (2, 1, 1, 1, 0)
    assert lengths == 2
    later.voided_at = NOW
    later.save()
    assert shown()[0] == 1
    vote(items[0], bob, "B")
    assert shown()[:2] == (2, 2)
    ann.first_name = "Анна"
    ann.save()
    [(name, _)] = pairs.details(batch).gold
    assert name == "Анна"


def test_the_longer_text_is_counted_where_lengths_differ(
    people: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    ann = people()
    batch = make_batch(10)
    longer = 0
    for number, item in enumerate(items_of(batch)):
        pair = item.pair
        assert pair is not None
        side = "A" if pair.measures["a"]["characters"] > pair.measures["b"]["characters"] else "B"
        choice = side if number < 7 else ("B" if side == "A" else "A")
        longer += choice == side
        vote(item, ann, "E" if number == 9 else choice)
    found = pairs.details(batch)
    assert longer == 7
    assert found.longer == wilson(7, 9)
    assert found.triads == Triads(0, 0)
    assert found.circles == Undefined(Why.NOTHING_COUNTED, 0)


def test_a_circle_of_three_texts_of_one_prompt_is_found(
    people: Callable[..., User], make_batch: Callable[..., Batch]
) -> None:
    from vitrina.review.batches import add_pairs
    from vitrina.review.results import PairDraft

    ann = people()
    batch = make_batch(4)
    texts = ("Первый текст", "Второй, иной текст", "Третий, совсем иной")
    add_pairs(batch, [PairDraft(texts[n], texts[(n + 1) % 3], prompt="Товар") for n in range(3)])
    for item in items_of(batch):
        pair = item.pair
        assert pair is not None
        if pair.prompt != "Товар":
            vote(item, ann, "A")
            continue
        first = pair.text_a if texts[(texts.index(pair.text_a) + 1) % 3] == pair.text_b else pair.text_b
        vote(item, ann, "A" if first == pair.text_a else "B")
    found = pairs.details(batch)
    assert found.triads == Triads(1, 1)
    assert isinstance(found.circles, Interval)


def test_a_gateway_that_holds_calls_back_says_what_and_why(database: str) -> None:
    from decimal import Decimal

    from vitrina.llm.models import LlmAttempt, LlmBreaker, LlmBudget, LlmStop
    from vitrina.numbers.gateway import gateway

    assert gateway().flowing
    now = datetime.now(UTC)
    LlmBreaker.objects.create(
        endpoint="http://m", model="m", state="open", reason="9 of 10 failed", changed_at=now, probe_at=now
    )
    LlmStop.objects.create(scope="", reason="pause", stopped_by="ann", stopped_at=now)
    for name, used, reserved in (("day:2026-05-18", 10, 0), ("run:1", 5, 5), ("world:1", 9, 0), ("world:2", 1, 1)):
        LlmBudget.objects.create(name=name, limit_usd=10, used_usd=used, reserved_usd=reserved, updated_at=now)
    for number in range(10):
        LlmAttempt.objects.create(
            key=str(number), model="m", status="rate_limit" if number < 4 else "ok", created_at=now
        )
    LlmAttempt.objects.create(key="old", model="m", status="rate_limit", created_at=now - timedelta(hours=2))
    found = gateway()
    assert not found.flowing
    assert found.stopped
    assert [one.reason for one in found.open_breakers] == ["9 of 10 failed"]
    states = {one.name: one.state for one in found.budgets}
    assert states == {"day:2026-05-18": "spent", "run:1": "reserved", "world:1": "nearly", "world:2": "free"}
    assert next(one for one in found.budgets if one.name == "world:2").share == pytest.approx(0.2)
    assert [(one.model, one.refused) for one in found.paces] == [("m", wilson(4, 10))]
    assert {one.resource: one.limit for one in found.slots}["llm"] == 15
    assert found.budgets[0].limit == Decimal(10)
