"""Statistics of counts, votes and scores: intervals, tests, agreement of people.

Belongs here: pure functions of plain values; every figure carries its ``n``, and one that has no meaning says why.
Stays out: where the values come from (``vitrina.numbers``, training), Django, pages.
"""
