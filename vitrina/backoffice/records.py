"""Tables that are records: decisions and what leads to them, the ledger, logs, the catalogue. Nobody changes them.

Belongs here: columns, filters and searches of each. Stays out: tables that can be edited (``people``, ``reference``).
"""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.admin import models as admin_models
from django.contrib.auth.models import Group
from django.db.models import Model

from vitrina.accounts.models import ApiToken, Invitation, ResetRequest
from vitrina.api.models import Pace
from vitrina.backoffice.site import ReadOnly, site
from vitrina.catalog.models import Drop, Product, Publication, QuarantinedRow
from vitrina.categories.models import CategoryLabel, CategoryModelVersion, ProductCategory
from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
from vitrina.review.models import (
    Annotator,
    Batch,
    Decision,
    GuidelinesVersion,
    Lease,
    Outbox,
    ResponsePair,
    ReviewItem,
    SetAside,
    Watermark,
)

#: Table → columns, filters, searched columns.
RECORDS: dict[type[Model], tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    Decision: (("id", "item_id", "action", "choice", "decided_by", "created_at", "undone_at", "voided_at"),
               ("action", "choice"), ("=id", "=item__id")),
    Lease: (("id", "item_id", "user", "slot", "until", "ended_at", "ended_as"), ("ended_as",), ("=id", "=item__id")),
    Outbox: (("id", "consumer", "kind", "cause", "available_at", "consumed_at", "void_at"), ("consumer", "cause"),
             ("=id", "=decision__id")),
    SetAside: (("id", "item_id", "user", "kind", "reason", "resolved_at"), ("kind",), ("=item__id",)),
    Watermark: (("id", "user", "batch", "strategy"), ("strategy",), ()),
    ReviewItem: (("id", "kind", "state", "part", "priority", "need", "done", "held", "created_at"),
                 ("kind", "state", "part"), ("=id", "key")),
    ResponsePair: (("id", "product_id", "language", "created_at"), ("language",), ("=id", "fingerprint")),
    Batch: (("name", "state", "criterion", "overlap", "gold_share", "strategy", "due_at"), ("state",), ("name",)),
    GuidelinesVersion: (("topic", "number", "author", "created_at"), ("topic",), ("topic",)),
    Annotator: (("pseudonym", "created_at"), (), ("pseudonym",)),
    ProcessingLog: (("id", "product_id", "processing_type", "status", "model", "cost_usd", "created_at"),
                    ("status", "processing_type"), ("=id", "=product__id")),
    ContentVersion: (("id", "product_id", "number", "language", "origin", "title", "created_at"),
                     ("origin", "language"), ("=id", "=product__id")),
    Verdict: (("version_id", "approved", "decided_by", "priority", "updated_at"), ("approved", "decided_by"),
              ("=version__id",)),
    Drop: (("id", "source", "name", "state", "rows", "accepted", "quarantined", "gate", "parsed_at"),
           ("state", "gate"), ("name", "digest")),
    Product: (("id", "source_id", "external_id", "title", "price", "currency", "listed"), ("listed",),
              ("=id", "=external_id")),
    QuarantinedRow: (("id", "drop_id", "file", "number", "reason"), ("reason",), ("=drop__id",)),
    Publication: (("id", "product_id", "version_id", "state", "price", "currency", "updated_at"), ("state",),
                  ("=product__id",)),
    ProductCategory: (("product_id", "category", "confidence", "decided_by", "updated_at"), ("decided_by",),
                      ("=product__id",)),
    CategoryLabel: (("id", "title", "category", "origin"), (), ("title",)),
    CategoryModelVersion: (("fit_hash", "labels", "classes", "is_active", "created_at"), ("is_active",), ()),
    ApiToken: (("name", "user", "created", "expiry", "used_on"), (), ("name", "user__email")),
    Invitation: (("email", "role", "invited_by", "created_at", "expires_at", "used_at"), ("role",), ("email",)),
    ResetRequest: (("user", "created_at", "handled_at", "handled_by"), (), ("user__email",)),
    Pace: (("key", "whole_at"), (), ("key",)),
    Group: (("name",), (), ("name",)),
    AccessAttempt: (("username", "ip_address", "failures_since_start", "attempt_time"), (), ("username",)),
    admin_models.LogEntry: (("action_time", "user", "content_type", "object_repr", "action_flag"), ("action_flag",),
                            ("object_repr",)),
}  # fmt: skip
#: Never shown: hashes of secrets.
_HIDDEN = {ApiToken: ("digest", "token_key"), Invitation: ("token_hash",), Group: ("permissions",)}


def register() -> None:
    """Every record with its columns, then every other table of ours: a new one is shown, and is nobody's to change.

    Keys to large tables are shown as numbers, without a query for each row.
    """
    for model, (columns, filters, searched) in RECORDS.items():
        _register(model, list_display=columns, list_filter=filters, search_fields=searched)
    for model in apps.get_models():
        if model.__module__.startswith("vitrina.") and not site.is_registered(model):
            _register(model)


def _register(model: type[Model], **values: Any) -> None:
    values |= {"exclude": _HIDDEN.get(model), "list_select_related": False, "ordering": ("-pk",)}
    site.register(model, type(f"{model.__name__}Record", (ReadOnly,), values))
