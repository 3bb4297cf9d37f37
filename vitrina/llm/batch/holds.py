"""Money set aside for requests that wait in a provider's batch: it stands in the database, not in a process.

Belongs here: the statements that move a process's holds to the items of a batch, and settle them when an item ends.
Stays out: setting money aside (``vitrina.llm.budget``), the blocks of processes (``vitrina.llm.purses``).

A batch takes up to a day, and who collects it is often not who submitted it. So an item keeps its amount and the names
of its budgets; the amount stays in ``llm_budget.reserved_usd`` when the submitting process ends, and is booked by the
statement that ends the item, whoever runs it: in one transaction, so once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg

_MY_BLOCK = "SELECT amount_usd FROM llm_budget_hold WHERE budget = %(name)s AND holder = %(holder)s FOR UPDATE"
_TAKE = """
UPDATE llm_budget_hold SET amount_usd = amount_usd - %(amount)s WHERE budget = %(name)s AND holder = %(holder)s
"""
#: The process was taken for dead and its block given back: the items need their part of it all the same.
_RESERVE = """
UPDATE llm_budget SET reserved_usd = reserved_usd + %(amount)s, updated_at = now() WHERE name = %(name)s
"""
_SETTLE = """
UPDATE llm_budget SET used_usd = used_usd + %(used)s, reserved_usd = greatest(0, reserved_usd - %(held)s),
    updated_at = now()
WHERE name = %(name)s
"""
_ZERO = Decimal(0)


def take_over(connection: psycopg.Connection[Any], holder: str, sums: Mapping[str, Decimal]) -> None:
    """Parts of a process's blocks become those of items; the caller's transaction writes the items too.

    Args:
        sums: Budget → what the items hold of it, in USD.
    """
    # Blocks first, then budgets, each by name: the order of vitrina.llm.purses, so that none waits in a ring.
    missing: dict[str, Decimal] = {}
    for name in sorted(sums):
        values = {"name": name, "holder": holder}
        row = connection.execute(_MY_BLOCK, values).fetchone()
        amount = min(sums[name], row[0] if row else _ZERO)
        connection.execute(_TAKE, {**values, "amount": amount})
        if amount < sums[name]:
            missing[name] = sums[name] - amount
    for name, amount in missing.items():
        connection.execute(_RESERVE, {"name": name, "amount": amount})


def settle(
    connection: psycopg.Connection[Any],
    items: Iterable[tuple[str, Decimal | None, Sequence[str]]],
    paid: Mapping[str, Decimal | None],
) -> None:
    """Books what ended items cost and gives back what was set aside for them.

    Args:
        items: Key, amount that was set aside, names of the budgets.
        paid: Cost by key: ``None`` is unknown and counts as the amount that was set aside; a key without one is free.
    """
    held: dict[str, Decimal] = defaultdict(Decimal)
    used: dict[str, Decimal] = defaultdict(Decimal)
    for key, amount, names in items:
        cost = paid.get(key, _ZERO)
        for name in names:
            held[name] += amount or _ZERO
            used[name] += (amount or _ZERO) if cost is None else cost
    for name in sorted(held):
        connection.execute(_SETTLE, {"name": name, "held": held[name], "used": used[name]})
