"""The statements behind ``pairs``. Parameters: ``batches`` (ids), ``batch`` (one), ``people``, ``limit`` (most rows).

Belongs here: counting votes in the database. Stays out: what the counts mean.
"""

from __future__ import annotations

from psycopg import sql

#: Standing votes on work and gold.
_VOTES = sql.SQL("""
SELECT i.batch_id, i.part, d.item_id, d.decided_by_id, d.choice, d.shown
FROM review_decision AS d JOIN review_reviewitem AS i ON i.id = d.item_id
WHERE i.batch_id = ANY(%(batches)s) AND i.part <> 'onboarding' AND d.action = 'compare'
  AND d.superseded_by_id IS NULL AND d.undone_at IS NULL AND d.voided_at IS NULL
""")
#: batch, A, B, E, how many items have so many votes of each
PATTERNS = sql.SQL("""
SELECT batch_id, a, b, e, count(*) FROM (
    SELECT batch_id, count(*) FILTER (WHERE choice = 'A') AS a, count(*) FILTER (WHERE choice = 'B') AS b,
           count(*) FILTER (WHERE choice = 'E') AS e
    FROM ({votes}) AS votes WHERE part = 'work' GROUP BY batch_id, item_id
) AS items GROUP BY batch_id, a, b, e
""").format(votes=_VOTES)
#: batch, votes, people, left, left or right
SIDES = sql.SQL("""
SELECT batch_id, count(*), count(DISTINCT decided_by_id), count(*) FILTER (WHERE shown = 'left'),
       count(*) FILTER (WHERE shown IN ('left', 'right'))
FROM ({votes}) AS votes GROUP BY batch_id
""").format(votes=_VOTES)
#: person, votes: the busiest of a batch
BUSIEST = sql.SQL("""
SELECT decided_by_id, count(*) FROM ({votes}) AS votes
WHERE part = 'work' AND decided_by_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(people)s
""").format(votes=_VOTES)
#: person, person with a higher id, their choices, how many items
CELLS = sql.SQL("""
WITH votes AS MATERIALIZED (
    SELECT item_id, decided_by_id, choice FROM ({votes}) AS standing
    WHERE part = 'work' AND decided_by_id = ANY(%(busiest)s)
)
SELECT x.decided_by_id, y.decided_by_id, x.choice, y.choice, count(*)
FROM votes AS x JOIN votes AS y ON y.item_id = x.item_id AND y.decided_by_id > x.decided_by_id
GROUP BY 1, 2, 3, 4
""").format(votes=_VOTES)
#: person, right answers, answers
GOLD = """
SELECT d.decided_by_id, count(*) FILTER (WHERE d.choice = i.expected), count(*)
FROM review_decision AS d JOIN review_reviewitem AS i ON i.id = d.item_id
WHERE i.batch_id = %(batch)s AND i.part = 'gold' AND d.decided_by_id IS NOT NULL
  AND d.superseded_by_id IS NULL AND d.undone_at IS NULL AND d.voided_at IS NULL
GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT %(limit)s
"""
#: choices of the longer text, choices where lengths differ
LONGER = sql.SQL("""
SELECT count(*) FILTER (WHERE (votes.choice = 'A') = (a > b)), count(*)
FROM ({votes}) AS votes JOIN (
    SELECT i.id, (p.measures -> 'a' ->> 'characters')::float AS a, (p.measures -> 'b' ->> 'characters')::float AS b
    FROM review_reviewitem AS i JOIN review_responsepair AS p ON p.id = i.pair_id
    WHERE i.batch_id = %(batch)s AND i.part = 'work' AND i.done > 0
) AS lengths ON lengths.id = votes.item_id
WHERE votes.part = 'work' AND votes.choice <> 'E' AND a <> b
""").format(votes=_VOTES)
#: prompt, preferred text, other text. Only prompts with three pairs and more can hold a circle, and most batches have
#: one pair for a product: the others are left out before their texts are read.
COMPARED = sql.SQL("""
SELECT t.prompt, CASE v.choice WHEN 'A' THEN md5(p.text_a) ELSE md5(p.text_b) END,
       CASE v.choice WHEN 'A' THEN md5(p.text_b) ELSE md5(p.text_a) END
FROM (
    SELECT prompts.*, count(*) OVER (PARTITION BY prompt) AS pairs FROM (
        SELECT i.id AS item_id, p.id AS pair_id, coalesce(p.product_id::text, '') || ':' || md5(p.prompt) AS prompt
        FROM review_reviewitem AS i JOIN review_responsepair AS p ON p.id = i.pair_id
        WHERE i.batch_id = %(batch)s AND i.part = 'work' AND i.done > 0
    ) AS prompts
) AS t
JOIN review_responsepair AS p ON p.id = t.pair_id
JOIN ({votes}) AS v ON v.item_id = t.item_id
WHERE t.pairs >= 3 AND v.part = 'work' AND v.choice <> 'E' ORDER BY 1 LIMIT %(limit)s
""").format(votes=_VOTES)
