"""Answers as they come, for the description of the API. All made up."""

from __future__ import annotations

from typing import Any

TOKEN = "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11"  # noqa: S105 - of a lease, and made up
PAIR: dict[str, Any] = {
    "type": "pair", "token": TOKEN, "until": "2026-11-21T10:20:00Z",
    "question": {"ru": "Что понятнее?", "en": "Which is clearer?"},
    "facts": {"Материал": "хлопок", "Размер": "38–46"}, "prompt": "Платье из хлопка", "language": "ru",
    "left": "Лёгкое платье из хлопка на каждый день.", "right": "Платье. Хлопок.", "rationale": False,
    "onboarding": False, "guidelines": 1,
}  # fmt: skip
CASE: dict[str, Any] = {
    "type": "case", "token": TOKEN, "until": "2026-11-21T10:20:00Z", "item": 12, "kind": "text", "priority": 1,
    "reasons": [{"code": "grounding"}], "details": {},
    "product": {"id": 7, "source": "shop", "external_id": "A-1", "title": "Pamuk elbise", "brand": None,
                "price": "1200.00", "currency": "TRY", "attributes": {"Материал": "хлопок"}},
    "text": {"id": 31, "number": 2, "language": "ru", "title": "Платье из хлопка", "body": "<p>Лёгкое платье.</p>",
             "seo_title": "", "seo_description": "", "keywords": ["платье"], "findings": []},
    "seen_version": 2, "created_at": "2026-11-21T09:00:00Z",
}  # fmt: skip
ANSWER = {"side": "left", "reasons": ["facts"], "active_ms": 8200, "next": True}
DECIDED = {"decision": 981, "repeated": False, "feedback": None, "next": PAIR, "nothing": None}
OWN = {"results": [{
    "decision": 981, "created_at": "2026-11-21T10:10:00Z", "kind": "pair", "side": "left", "tie_kind": "",
    "left": "Лёгкое платье из хлопка на каждый день.", "right": "Платье. Хлопок.", "reasons": ["facts"],
    "comment": "", "can_undo": True,
}]}  # fmt: skip
ME = {"name": "Ольга", "email": "olga@example.com", "roles": ["annotator"], "decided_today": 36, "batches": [4]}
KEY = {"number": "0a6f2a0e-2d4e-4b52-8d5e-3f1f6f0f1b11", "name": "night script", "created": "2026-11-21T10:00:00Z",
       "expires": "2027-02-19T10:00:00Z", "used_on": None}  # fmt: skip
NEW_KEY = KEY | {"key": "vit_0f3c…"}
BATCH: dict[str, Any] = {
    "id": 4, "name": "November, sense", "criterion": "sense", "question_ru": "Что понятнее?",
    "question_en": "Which is clearer?", "guidelines": 1, "state": "open", "due_at": None,
}  # fmt: skip
BATCH_WHOLE = BATCH | {"figures": {
    "overlap": 2, "extra_votes": 1, "gold_share": 0.1, "gold_floor": 0.7, "gold_after": 20, "gold_action": "flag",
    "rationale_share": 0.2, "strategy": "priority", "lease_seconds": 600, "role": "annotator", "members": [],
    "created_at": "2026-11-21T08:00:00Z", "closed_at": None,
}}  # fmt: skip
NEW_BATCH = {"name": "November, sense", "question_ru": "Что понятнее?", "question_en": "Which is clearer?",
             "topic": "sense", "overlap": 2}  # fmt: skip
PROGRESS = {"pairs": 100, "done": 36, "left": 63, "flagged": 1, "votes": 80, "wanted": 204, "held": 3, "disputed": 2,
            "annotators": 4}  # fmt: skip
GUIDELINES = {"id": 1, "topic": "sense", "number": 1, "body_ru": "# Правила", "body_en": "# Rules",
              "created_at": "2026-11-01T08:00:00Z"}  # fmt: skip
ITEM = {"id": 12, "kind": "text", "state": "open", "priority": 1, "product": 7, "batch": None, "part": "work",
        "need": 1, "done": 0, "held": 1, "reasons": [{"code": "grounding"}],
        "assignee": None, "held_by": "Мария Орлова", "created_at": "2026-11-21T09:00:00Z", "resolved_at": None,
        "resolution": ""}  # fmt: skip
FLAG = {"item": 15, "kind": "pair", "batch": 4, "reason": "broken", "comment": "Both texts are cut off.",
        "created_at": "2026-11-21T09:30:00Z"}  # fmt: skip
DECISION = {"decision": 981, "item": 15, "kind": "pair", "batch": 4, "part": "work",
            "pair": "0f3c9a71d2b4", "product": 7, "action": "compare", "choice": "A", "tie_kind": "",
            "shown": "left", "flip": False, "reasons": ["facts"], "comment": "", "category": "",
            "active_ms": 8200, "guidelines": 1, "annotator": "annotator-3f0a9c11aa",
            "created_at": "2026-11-21T10:10:00Z", "standing": True}  # fmt: skip
IMPORTED = {"added": 98, "repeated": 2, "refused": {}}
PRODUCT = {"id": 7, "source": "shop", "external_id": "A-1", "title": "Pamuk elbise", "brand": None, "price": "1200.00",
           "currency": "TRY", "category": "dresses", "category_confidence": 0.93, "state": "published", "listed": True,
           "updated_at": "2026-11-21T07:00:00Z"}  # fmt: skip
PRODUCT_WHOLE = PRODUCT | {"description": "Pamuklu, günlük elbise", "attributes": {"Материал": "хлопок"},
                           "url": None, "image_urls": [], "published_version": 31, "versions": 2}  # fmt: skip
VERSION = {"id": 31, "product": 7, "number": 2, "language": "ru", "title": "Платье из хлопка",
           "body": "<p>Лёгкое платье.</p>", "seo_title": "", "seo_description": "", "keywords": ["платье"],
           "approved": None, "created_at": "2026-11-21T08:00:00Z", "origin": "llm", "model": "vitrina-offline",
           "prompt_version": "3", "origin_hidden": False}  # fmt: skip
LOG = {"id": 5, "product": 7, "version": 31, "type": "full", "status": "moderation", "model": "vitrina-offline",
       "prompt_tokens": 700, "completion_tokens": 200, "cost_usd": "0.00000000", "processing_time_ms": 42,
       "error_class": "", "error_message": "", "attempts": 1, "created_at": "2026-11-21T08:00:00Z",
       "origin_hidden": False}  # fmt: skip
CATEGORY = {"slug": "dresses", "parent": "women", "name_ru": "Платья", "name_tr": "", "name_en": "Dresses",
            "path_ru": "Одежда > Женщинам > Платья", "needs_review": False, "is_active": True}  # fmt: skip
TEMPLATE = {"name": "dress", "type": "description", "category": "dresses", "language": "ru",
            "content": "Лёгкое платье на каждый день.", "facts": {"care": ["Стирать при 30 градусах."]},
            "is_active": True, "usage_count": 12, "success_rate": 0.9}  # fmt: skip
STATISTICS = {"days": 30, "as_of": "2026-11-21T10:00:00Z", "total": 162, "successful": 150, "failed": 2,
              "average_confidence": 0.91, "total_cost_usd": "1.25", "unknown_costs": 0, "average_time_ms": 41.5,
              "by_status": {"approved": 150, "moderation": 10, "failed": 2},
              "decisions": {"approve": 40, "compare": 300}, "open_items": {"text": 10, "pair": 63}}  # fmt: skip
FAILING = {"results": [{"annotator": "annotator-3f0a9c11aa", "answered": 20, "right": 9, "share": 0.45}]}
RUN = {"run": "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11", "status": "STARTED", "job": "process_products",
       "going_on": True, "started": "2026-11-21T10:00:00Z", "ended": None,
       "lines": [{"at": "2026-11-21T10:00:01Z", "text": "1 product", "bad": False}]}  # fmt: skip
