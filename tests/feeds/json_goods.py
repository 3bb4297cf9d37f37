"""Goods for tests of JSON."""

from __future__ import annotations

GOODS = [{"name": f"Крем {n}", "price": n + 0.5, "url": f"https://x.example/{n}"} for n in range(1, 6)]


def titles(opened) -> list[str]:
    return [row.values["name"] for row in opened.rows]
