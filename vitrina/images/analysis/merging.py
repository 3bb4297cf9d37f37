"""Measured facts and a model's opinion of one picture, joined.

Belongs here: which of the two is believed for what. Pure. Stays out: both of them.

Colours, size and quality are measured; a model cannot change them. What only a model can say (what it is, its cut, its
style) is opinion and marked so. Where the two speak of the same thing and disagree, both values are kept and the
confidence is halved for each disagreement.
"""

from __future__ import annotations

from typing import Any

from vitrina.images.analysis.families import fits
from vitrina.images.analysis.measure import PictureFacts
from vitrina.images.analysis.vision import VisionAnswer
from vitrina.lexicon import Lexicon

#: Measured colours below this share are not what a person would name.
_NAMED = 0.15
_HIGH, _LOW = 0.8, 0.5
_MEASURED_TOO = frozenset({"dominant_colors", "color_hex", "quality_estimate", "confidence"})


def merged(facts: PictureFacts, answer: VisionAnswer | None, lexicon: Lexicon) -> dict[str, Any]:
    """Both as plain values; without an answer the measured facts alone.

    Returns:
        CAT-3's fields, ``measured`` and ``opinion`` (names of the fields that come from each), ``disagreements``.
    """
    shown = [color for color in facts.colors if color.share >= _NAMED] or list(facts.colors[:1])
    joined: dict[str, Any] = {
        "dominant_colors": [color.ru for color in shown],
        "color_hex": [color.hex for color in shown],
        "quality_estimate": _estimate(facts.quality.score),
        "quality_score": facts.quality.score,
        "measured": ["dominant_colors", "color_hex", "quality_estimate", "quality_score"],
        "opinion": [],
        "disagreements": [],
        "confidence": facts.separation,
    }
    if answer is None:
        return joined
    said = answer.model_dump(exclude=set(_MEASURED_TOO))
    joined |= said
    joined["opinion"] = [name for name, value in said.items() if value]
    joined["disagreements"] = _disagreements(facts, answer, lexicon)
    joined["confidence"] = round(answer.confidence * 0.5 ** len(joined["disagreements"]), 3)
    return joined


def _disagreements(facts: PictureFacts, answer: VisionAnswer, lexicon: Lexicon) -> list[dict[str, Any]]:
    found = []
    named = [m.entry.key for text in answer.dominant_colors for m in lexicon.find(text) if m.entry.kind == "color"]
    if named and facts.colors and not fits(lexicon, named, [color.key for color in facts.colors]):
        measured = [color.ru for color in facts.colors]
        found.append({"field": "dominant_colors", "measured": measured, "vision": answer.dominant_colors})
    measured_quality = _estimate(facts.quality.score)
    if {answer.quality_estimate, measured_quality} == {"high", "low"}:
        found.append({"field": "quality_estimate", "measured": measured_quality, "vision": answer.quality_estimate})
    return found


def _estimate(score: float) -> str:
    return "high" if score >= _HIGH else "low" if score < _LOW else "medium"
