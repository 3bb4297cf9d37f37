"""The embedded service's answer to the category prompt: no model, no network, rarely sure.

Belongs here: choosing among the candidates that the prompt lists, and saying honestly how sure that is. Stays out: the
prompt itself, the cascade.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vitrina.categories.category_prompt import read_messages
from vitrina.vectors.ngrams import normalise

if TYPE_CHECKING:
    from vitrina.lexicon.lexicon import Lexicon

#: A change of what is answered takes a new number: answers of a former version are not taken from the ledger.
VERSION = 2
#: It sees only letters, so it never claims more.
MAX_CONFIDENCE = 0.6
_FLOOR, _LEAD, _NAMED = 0.2, 0.4, 0.15
_KINDS = {"gender": "gender", "age": "age_group", "garment": "clothing_type", "season": "season"}


def answer_chat(request: dict[str, Any]) -> str:
    """The JSON text of an answer to a chat request whose schema is ``product_category``.

    Raises:
        ValueError: The request does not hold the category prompt.
    """
    candidates, product = read_messages(request.get("messages") or [])
    title = normalise(f"{product.get('title') or ''} {product.get('clothing_type') or ''}")
    ranked = sorted(candidates, key=lambda one: -_score(one, title))
    answer: dict[str, Any] = {
        "product_id": product["product_id"],
        "category_name": "",
        "parent_category": None,
        "full_path": None,
        "confidence": 0.0,
        "attributes": _attributes(str(product.get("title") or "")),
        "alternatives": [],
        "reasoning": "Рядом нет ни одной категории.",
    }
    if ranked:
        best = ranked[0]
        confidence = _confidence([_score(one, title) for one in ranked], _named(best, title))
        answer |= {
            "category_name": best["category_name"],
            "parent_category": best.get("parent_category"),
            "full_path": best.get("full_path"),
            "confidence": confidence,
            "alternatives": [
                {
                    "category_name": one["full_path"] or one["category_name"],
                    "confidence": round(confidence * _score(one, title) / max(_score(best, title), 1e-9) / 2, 2),
                }
                for one in ranked[1:]
            ],
            "reasoning": "Ближайшая категория по словам названия; встроенная служба сравнивает только буквы.",
        }
    return json.dumps(answer, ensure_ascii=False)


def _named(candidate: Mapping[str, Any], title: str) -> bool:
    """Whether a word of the category's name stands in the title, but for its ending."""
    stems = [word[: max(4, len(word) - 2)] for word in normalise(str(candidate.get("category_name"))).split()]
    return any(word.startswith(stem) for stem in stems if len(stem) >= 4 for word in title.split())


def _score(candidate: Mapping[str, Any], title: str) -> float:
    similarity = candidate.get("similarity")
    near = float(similarity) if isinstance(similarity, int | float) else 0.0
    return max(near, 0.0) * (1.25 if _named(candidate, title) else 1.0)


def _confidence(scores: list[float], named: bool) -> float:
    if scores[0] <= 0:
        return 0.0
    lead = 1.0 - (scores[1] / scores[0] if len(scores) > 1 else 0.0)
    return round(min(_FLOOR + _LEAD * lead + (_NAMED if named else 0.0), MAX_CONFIDENCE), 2)


def _attributes(title: str) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(("gender", "age_group", "clothing_type", "season", "style"))
    for match in _lexicon().find(title):
        name = _KINDS.get(match.entry.kind)
        if name is not None and found[name] is None and not match.negated:
            found[name] = match.entry.ru
    return found


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    from vitrina.lexicon.active import active

    return active()
