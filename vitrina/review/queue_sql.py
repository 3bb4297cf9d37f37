"""The statements of the queue.

Belongs here: SQL that takes, sweeps and gives back leases, each as one statement, and the orders in which items come.
Stays out: who may ask (``access``) and what is given back (``queue``).

Why one statement: choosing in one and writing in another over-annotated 245 of 1,500 pairs with 20 people at once;
``FOR UPDATE SKIP LOCKED`` in the statement that raises ``held`` over-annotated none. Locks are taken in the order
lease, then item, everywhere.
"""

from __future__ import annotations

from functools import lru_cache

from psycopg import sql

from vitrina.review.models import Batch

#: Strategy → columns that items are ordered by, lowest first, with the type of each. Each has an index of its own.
#: ``certainty`` is filled by whoever knows it (a reward model); 1, the default, comes last.
ORDERS: dict[str, tuple[tuple[str, str], ...]] = {
    Batch.Strategy.PRIORITY: (("i.priority", "int"), ("i.id", "bigint")),
    Batch.Strategy.COVERAGE: (("(i.done + i.held)", "int"), ("i.priority", "int"), ("i.id", "bigint")),
    Batch.Strategy.DISAGREEMENT: (("i.agreement", "float8"), ("i.priority", "int"), ("i.id", "bigint")),
    Batch.Strategy.UNCERTAIN: (("i.certainty", "float8"), ("i.priority", "int"), ("i.id", "bigint")),
}

#: Ends leases whose time is over, a bounded number in one go, and gives their places back.
SWEEP = """
WITH gone AS (
    SELECT id FROM review_lease WHERE ended_at IS NULL AND until <= now()
    ORDER BY until LIMIT %(most)s FOR UPDATE SKIP LOCKED
), ended AS (
    UPDATE review_lease l SET ended_at = now(), ended_as = 'expired' FROM gone WHERE l.id = gone.id RETURNING l.item_id
), counted AS (
    SELECT item_id, count(*) AS n FROM ended GROUP BY item_id
), locked AS (
    SELECT id FROM review_reviewitem WHERE id IN (SELECT item_id FROM counted) ORDER BY id FOR UPDATE
)
UPDATE review_reviewitem i SET held = i.held - c.n FROM counted c JOIN locked k ON k.id = c.item_id
WHERE i.id = c.item_id
"""

#: Ends live leases of a person: all of them, or those that do not fit the queue that is asked for.
GIVE_BACK = """
WITH gone AS (
    SELECT l.id FROM review_lease l JOIN review_reviewitem i ON i.id = l.item_id
    WHERE l.user_id = %(user)s AND l.ended_at IS NULL AND (
        %(everything)s OR l.until <= now() OR i.state <> 'open' OR i.batch_id IS DISTINCT FROM %(batch)s
        OR NOT (i.kind = ANY(%(kinds)s))
    ) ORDER BY l.id FOR UPDATE OF l
), ended AS (
    UPDATE review_lease l SET ended_at = now(), ended_as = CASE WHEN l.until <= now() THEN 'expired' ELSE 'released' END
    FROM gone WHERE l.id = gone.id RETURNING l.item_id
), locked AS (
    SELECT id FROM review_reviewitem WHERE id IN (SELECT item_id FROM ended) ORDER BY id FOR UPDATE
)
UPDATE review_reviewitem i SET held = i.held - 1 FROM locked WHERE i.id = locked.id
"""

#: OFFSET 0 keeps each look-up on its own row: without it the planner reads all that a person ever decided into a hash,
#: and with a comparison to NULL instead it expects no row to be left and sorts the whole batch (76 ms on 5,000 pairs).
_FREE = """
i.state = 'open' AND i.need > (i.done + i.held)
AND NOT EXISTS (SELECT 1 FROM review_decision d WHERE d.item_id = i.id AND d.decided_by_id = %(user)s
                AND d.superseded_by_id IS NULL AND d.undone_at IS NULL OFFSET 0)
AND NOT EXISTS (SELECT 1 FROM review_setaside s WHERE s.item_id = i.id AND s.user_id = %(user)s OFFSET 0)
AND NOT EXISTS (SELECT 1 FROM review_lease l WHERE l.item_id = i.id AND l.user_id = %(user)s AND l.ended_at IS NULL
                OFFSET 0)
"""

#: What the person holds already in this slot comes back, in a paused batch too; on the screen comes first what was
#: fetched ahead.
_AGAIN = """
held AS (
    SELECT l.id FROM review_lease l JOIN review_reviewitem i ON i.id = l.item_id
    WHERE l.user_id = %(user)s AND l.ended_at IS NULL AND l.until > now() AND i.state = 'open'
      AND i.batch_id IS NOT DISTINCT FROM %(batch)s AND i.kind = ANY(%(kinds)s)
      AND l.slot >= %(slot)s
    ORDER BY l.slot LIMIT 1
), again AS (
    UPDATE review_lease l SET slot = %(slot)s, until = greatest(l.until, now() + make_interval(secs => queue.seconds))
    FROM held, queue WHERE l.id = held.id AND l.ended_at IS NULL RETURNING l.*
)
"""

_TAKE = """
lease AS (
    INSERT INTO review_lease (item_id, user_id, slot, token, flip, rationale, until)
    SELECT c.id, %(user)s, %(slot)s, gen_random_uuid(), c.draws AND random() < 0.5, c.draws AND random() < queue.asks,
           now() + make_interval(secs => queue.seconds)
    FROM chosen c, queue
    ON CONFLICT DO NOTHING RETURNING *
), raised AS (
    UPDATE review_reviewitem i SET held = i.held + 1 FROM lease WHERE i.id = lease.item_id
)
"""

_ANSWER = """
SELECT t.token, t.item_id, i.kind, i.batch_id, t.slot, t.flip, t.rationale, t.until, t.fresh
FROM (SELECT again.*, FALSE AS fresh FROM again UNION ALL SELECT lease.*, TRUE FROM lease) t
JOIN review_reviewitem i ON i.id = t.item_id
"""

_PAIRS = """
WITH queue AS (
    SELECT lease_seconds AS seconds, random() < gold_share AS wants_gold, rationale_share AS asks,
           state = 'open' AS gives
    FROM review_batch WHERE id = %(batch)s AND state <> 'closed'
), {again}, mark AS (
    SELECT position AS p FROM review_watermark
    WHERE user_id = %(user)s AND batch_id = %(batch)s AND strategy = %(strategy)s
), onboarding AS (
    SELECT i.id FROM review_reviewitem i
    WHERE EXISTS (SELECT 1 FROM queue WHERE gives) AND NOT EXISTS (SELECT 1 FROM held)
      AND i.batch_id = %(batch)s AND i.part = 'onboarding' AND {free}
    ORDER BY i.priority, i.id LIMIT 1 FOR UPDATE OF i SKIP LOCKED
), further AS (
    SELECT i.id, ARRAY[{key}]::float8[] AS p FROM review_reviewitem i
    WHERE EXISTS (SELECT 1 FROM queue WHERE gives) AND NOT EXISTS (SELECT 1 FROM held)
      AND NOT EXISTS (SELECT 1 FROM onboarding)
      AND i.batch_id = %(batch)s AND i.part = 'work' AND i.kind = 'pair' AND ({key}) > ({position}) AND {free}
    ORDER BY {key} LIMIT 1 FOR UPDATE OF i SKIP LOCKED
), wrapped AS (
    SELECT i.id, ARRAY[{key}]::float8[] AS p FROM review_reviewitem i
    WHERE EXISTS (SELECT 1 FROM queue WHERE gives) AND NOT EXISTS (SELECT 1 FROM held)
      AND NOT EXISTS (SELECT 1 FROM onboarding) AND NOT EXISTS (SELECT 1 FROM further) AND EXISTS (SELECT 1 FROM mark)
      AND i.batch_id = %(batch)s AND i.part = 'work' AND i.kind = 'pair' AND ({key}) <= ({position}) AND {free}
    ORDER BY {key} LIMIT 1 FOR UPDATE OF i SKIP LOCKED
), work AS (
    SELECT id, p FROM further UNION ALL SELECT id, p FROM wrapped
), gold AS (
    SELECT i.id FROM review_reviewitem i
    WHERE (SELECT wants_gold FROM queue) AND EXISTS (SELECT 1 FROM work)
      AND i.batch_id = %(batch)s AND i.part = 'gold' AND {free}
    ORDER BY random() LIMIT 1 FOR UPDATE OF i SKIP LOCKED
), chosen AS (
    SELECT id, TRUE AS draws, NULL::float8[] AS p FROM onboarding
    UNION ALL SELECT id, TRUE, NULL FROM gold
    UNION ALL SELECT id, TRUE, p FROM work WHERE NOT EXISTS (SELECT 1 FROM gold)
), {take}, moved AS (
    INSERT INTO review_watermark (user_id, batch_id, strategy, position)
    SELECT %(user)s, %(batch)s, %(strategy)s, c.p FROM chosen c JOIN lease ON lease.item_id = c.id
    WHERE c.p IS NOT NULL
    ON CONFLICT (user_id, batch_id, strategy) DO UPDATE SET position = excluded.position
)
{answer}
"""

_CASES = """
WITH queue AS (
    SELECT %(seconds)s AS seconds, 0.0::float8 AS asks
), {again}, chosen AS (
    SELECT i.id, FALSE AS draws FROM review_reviewitem i
    WHERE NOT EXISTS (SELECT 1 FROM held) AND i.batch_id IS NULL AND i.part = 'work' AND i.kind = ANY(%(kinds)s)
      AND (i.assignee_id = %(user)s OR (i.assignee_id IS NULL AND NOT %(assigned)s)) AND {free}
    ORDER BY i.priority, i.id LIMIT 1 FOR UPDATE OF i SKIP LOCKED
), {take}
{answer}
"""

_ONE = """
WITH queue AS (
    SELECT %(seconds)s AS seconds, 0.0::float8 AS asks
), chosen AS (
    SELECT i.id, FALSE AS draws FROM review_reviewitem i
    WHERE i.id = %(item)s AND i.state = 'open' AND i.need > (i.done + i.held)
      AND (i.batch_id IS NULL OR NOT %(cases_only)s)
      AND ((i.look = 3 AND %(settles)s) OR NOT EXISTS (
          SELECT 1 FROM review_setaside s WHERE s.item_id = i.id AND s.user_id = %(user)s AND s.kind = 'barred'))
    FOR UPDATE OF i
), again AS (
    SELECT l.* FROM review_lease l WHERE FALSE
), {take}
{answer}
"""


def _key(strategy: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(column) for column, _ in ORDERS[strategy])  # type: ignore[arg-type]


def _position(strategy: str) -> sql.Composed:
    """The watermark as values of the order's types: another numeric type would keep the index from being used."""
    return sql.SQL(", ").join(
        sql.SQL("coalesce((SELECT p[{}] FROM mark), -1)::{}").format(sql.Literal(at), sql.SQL(kind))  # type: ignore[arg-type]
        for at, (_, kind) in enumerate(ORDERS[strategy], 1)
    )


@lru_cache(maxsize=len(ORDERS))
def next_pair(strategy: str) -> str:
    """The statement that gives a person the next pair of a batch in that order."""
    return (
        sql.SQL(_PAIRS)
        .format(
            again=sql.SQL(_AGAIN), free=sql.SQL(_FREE), take=sql.SQL(_TAKE), answer=sql.SQL(_ANSWER),
            key=_key(strategy), position=_position(strategy),
        )
        .as_string(None)
    )  # fmt: skip


@lru_cache(maxsize=1)
def next_case() -> str:
    """The statement that gives a moderator the next case."""
    parts = {"again": _AGAIN, "free": _FREE, "take": _TAKE, "answer": _ANSWER}
    return sql.SQL(_CASES).format(**{name: sql.SQL(part) for name, part in parts.items()}).as_string(None)


@lru_cache(maxsize=1)
def take_one() -> str:
    """The statement that gives a moderator a certain case, whatever they skipped before; not one they are barred from.

    What two people decided differently, administrators may settle (``settles``) as one of the two as well.
    """
    return sql.SQL(_ONE).format(take=sql.SQL(_TAKE), answer=sql.SQL(_ANSWER)).as_string(None)
