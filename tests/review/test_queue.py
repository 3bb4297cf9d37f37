"""The next item: leases, fetching ahead, expiry, skipping, flags, orders, who may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.catalog.making import catalogue, day, parsed, take
from vitrina.review.comparing import decide_pair
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.leases import LEAVE_SECONDS, beat, leave, release, release_all, sweep_expired
from vitrina.review.models import Batch, Lease, ReviewItem, Watermark
from vitrina.review.queue import next_item
from vitrina.review.results import Nothing, Taken


def taken(user, batch=None, **how) -> Taken:
    found = next_item(user, batch=batch, **how)
    assert isinstance(found, Taken), found
    return found


def expire(*leases: Taken) -> None:
    live = Lease.objects.filter(token__in=[lease.token for lease in leases]) if leases else Lease.objects
    live.filter(ended_at=None).update(until=Now() - timedelta(seconds=1))


def counts(item_id: int) -> tuple[int, int, int]:
    return ReviewItem.objects.values_list("need", "done", "held").get(pk=item_id)


def work_through(user, batch, side="left", **how) -> list[int]:
    done = []
    while isinstance(found := next_item(user, batch=batch, **how), Taken):
        decide_pair(user, found.token, side=side)
        done.append(found.item_id)
    return done


def case(number: int, **fields):
    take(day(number), [parsed(str(number))])
    values = {"kind": "text", "key": f"product:{number}", "product": catalogue()[str(number)]} | fields
    return ReviewItem.objects.create(**values)


def test_asking_twice_gives_the_same_pair_and_the_same_side(people, make_batch):
    batch, anna = make_batch(), people()
    first, again = taken(anna, batch), taken(anna, batch)
    assert (first.token, first.flip, first.fresh, again.fresh) == (again.token, again.flip, True, False)
    assert counts(first.item_id) == (2, 0, 1)


def test_what_was_fetched_ahead_is_shown_next(people, make_batch):
    batch, anna = make_batch(), people()
    shown = taken(anna, batch)
    ahead = taken(anna, batch, ahead=True)
    assert (ahead.ahead, ahead.item_id != shown.item_id) == (True, True)
    assert taken(anna, batch, ahead=True).token == ahead.token
    decide_pair(anna, shown.token, side="tie")
    following = taken(anna, batch)
    assert (following.token, following.ahead) == (ahead.token, False)
    assert Lease.objects.filter(user=anna, ended_at=None).count() == 1


def test_another_queue_takes_the_place_of_what_was_held(people, make_batch):
    one, other, anna = make_batch(), make_batch(), people()
    former = taken(anna, one)
    taken(anna, other)
    assert counts(former.item_id) == (2, 0, 0)
    assert Lease.objects.get(token=former.token).ended_as == "released"


def test_who_has_decided_everything_is_told_so_and_who_waits_for_others_is_told_when(people, make_batch):
    batch, anna, boris = make_batch(1, overlap=1), people(), people()
    held = taken(anna, batch)
    waits = next_item(boris, batch=batch)
    assert waits.reason == "all-held"
    assert 5 <= waits.retry_after <= 60
    decide_pair(anna, held.token, side="left")
    assert next_item(boris, batch=batch) == next_item(anna, batch=batch) == Nothing("done")


def test_an_expired_lease_is_swept_by_whoever_asks_next(people, make_batch):
    batch, anna, boris = make_batch(1, overlap=1), people(), people()
    held = taken(anna, batch)
    expire(held)
    assert taken(boris, batch).item_id == held.item_id
    assert Lease.objects.get(token=held.token).ended_as == "expired"
    assert counts(held.item_id) == (1, 0, 1)


def test_sweeping_twice_frees_nothing_twice(people, make_batch):
    batch = make_batch(2)
    held = [taken(people(), batch) for _ in range(3)]
    expire()
    assert sweep_expired() == len({lease.item_id for lease in held})
    assert sweep_expired() == 0
    assert set(ReviewItem.objects.values_list("held", flat=True)) == {0}


def test_a_beat_keeps_what_is_on_the_screen_and_ahead(people, make_batch):
    batch, anna = make_batch(lease_seconds=300), people()
    shown, ahead = taken(anna, batch), taken(anna, batch, ahead=True)
    Lease.objects.update(until=Now() + timedelta(seconds=100))
    assert beat(anna, shown.token) > shown.until - timedelta(seconds=20)
    assert Lease.objects.filter(token=ahead.token, until__gt=Now() + timedelta(seconds=200)).exists()
    release(anna, shown.token)
    with pytest.raises(Conflict) as refused:
        beat(anna, shown.token)
    assert refused.value.state["reason"] == "expired"


def test_a_page_that_was_left_gives_back_what_is_ahead_too_unless_it_is_there_after_all(people, make_batch):
    batch, anna = make_batch(), people()
    now, ahead = taken(anna, batch), taken(anna, batch, ahead=True)
    assert leave(people(), now.token) is False, "somebody else's"
    # A machine may stand still between the lines: far from both times
    soon = datetime.now(UTC) + timedelta(seconds=LEAVE_SECONDS + 240)
    assert leave(anna, now.token)
    assert all(until < soon for until in Lease.objects.values_list("until", flat=True))
    beat(anna, now.token)
    assert all(until > soon for until in Lease.objects.values_list("until", flat=True))
    release_all(anna)
    assert leave(anna, ahead.token) is False


def test_leaving_gives_everything_back(people, make_batch):
    batch, anna = make_batch(), people()
    shown, _ = taken(anna, batch), taken(anna, batch, ahead=True)
    assert release(anna, shown.token)
    assert not release(anna, shown.token)
    assert release_all(anna) == 1
    assert not ReviewItem.objects.filter(held__gt=0).exists()


def test_the_most_urgent_comes_first(people, make_batch):
    batch = make_batch(3)
    last = ReviewItem.objects.order_by("-id").first()
    ReviewItem.objects.filter(pk=last.pk).update(priority=1)
    assert taken(people(), batch).item_id == last.pk


def test_coverage_gives_each_pair_one_vote_before_any_gets_two(people, make_batch):
    batch = make_batch(4, strategy="coverage")
    assert len({taken(people(), batch).item_id for _ in range(4)}) == 4


def test_disputed_pairs_come_first_where_that_is_the_order(people, make_batch):
    batch = make_batch(3, strategy="disagreement", overlap=3)
    last = ReviewItem.objects.order_by("-id").first()
    ReviewItem.objects.filter(pk=last.pk).update(agreement=0.5)
    assert taken(people(), batch).item_id == last.pk


def test_what_a_model_is_least_sure_of_comes_first_where_that_is_the_order(people, make_batch):
    batch = make_batch(3)
    last = ReviewItem.objects.order_by("-id").first()
    ReviewItem.objects.filter(pk=last.pk).update(certainty=0.51)
    assert taken(people(), batch, strategy="uncertain").item_id == last.pk
    with pytest.raises(NotDecidable, match="no order"):
        next_item(people(), batch=batch, strategy="random")


@pytest.mark.parametrize("strategy", Batch.Strategy.values)
def test_every_order_gives_everybody_every_pair_once(people, make_batch, strategy):
    batch = make_batch(5, overlap=3, strategy=strategy, extra_votes=0)
    pairs = set(ReviewItem.objects.values_list("pk", flat=True))
    for _ in range(3):
        done = work_through(people(), batch)
        assert (len(done), set(done)) == (5, pairs)
    assert next_item(people(), batch=batch) == Nothing("done")


def test_the_watermark_stands_behind_what_was_taken_and_wraps_once(people, make_batch):
    batch, anna = make_batch(4, overlap=5), people()
    order = list(ReviewItem.objects.order_by("priority", "id").values_list("pk", flat=True))
    skipped = taken(anna, batch)
    taken(anna, batch, ahead=True)
    assert Watermark.objects.get().position == [3.0, float(order[1])]
    release(anna, skipped.token)
    done = work_through(anna, batch)
    assert done == [order[1], order[2], order[3], order[0]], "what was left behind the mark is found by the wrap"


def test_the_watermark_spares_the_way_over_ones_own_votes(people, make_batch):
    batch, anna = make_batch(300, overlap=5), people()
    work = list(ReviewItem.objects.order_by("id").values_list("pk", flat=True))
    for number in work[:250]:
        lease = taken(anna, batch)
        assert lease.item_id == number
        decide_pair(anna, lease.token, side="left")

    def rows_read() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'review_decision'")
            row = cursor.fetchone()
        return row[0] if row else 0

    from django.db import transaction

    with transaction.atomic():
        before = rows_read()
        taken(anna, batch)
        assert rows_read() - before < 20


def test_a_pair_that_another_transaction_locks_for_a_moment_is_no_end_of_the_batch(people, make_batch):
    batch, anna = make_batch(1), people()
    settings = connection.settings_dict
    other = psycopg.connect(host=settings["HOST"], port=settings["PORT"] or None, user=settings["USER"],
                            password=settings["PASSWORD"] or None, dbname=settings["NAME"])  # fmt: skip
    with other:
        other.execute("SELECT 1 FROM review_reviewitem FOR KEY SHARE")  # as a foreign key does
        assert next_item(anna, batch=batch) == Nothing("all-held", 5)
    assert taken(anna, batch)


def test_new_pairs_are_not_overlooked_behind_the_watermark(people, make_batch):
    from tests.review.conftest import drafts
    from vitrina.review.batches import add_pairs

    batch, anna = make_batch(2), people()
    assert len(work_through(anna, batch)) == 2
    assert add_pairs(batch, drafts(1, priority=1)).added == 1
    assert taken(anna, batch).item_id == ReviewItem.objects.order_by("-id").first().pk
