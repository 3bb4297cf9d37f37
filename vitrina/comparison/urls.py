"""Addresses of this application's pages. A page says who may open it (``opens_for``)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from vitrina.comparison.views import batches, filling, history, people, rules, work

urlpatterns: list[URLPattern | URLResolver] = [
    path("compare/", work.compare, name="compare"),
    path("compare/history/", history.history, name="compare_history"),
    path("compare/history/<int:decision_id>/", history.revise, name="compare_revise"),
    path("compare/guidelines/", rules.topics, name="compare_guidelines"),
    path("compare/guidelines/publish/", rules.publish, name="compare_guidelines_publish"),
    path("compare/guidelines/<int:version_id>/", rules.version, name="compare_guidelines_version"),
    path("compare/annotators/", people.annotators, name="compare_annotators"),
    path("compare/annotators/<int:user_id>/void/", people.void, name="compare_void"),
    path("compare/batches/", batches.batches, name="compare_batches"),
    path("compare/batches/new/", batches.new, name="compare_batch_new"),
    path("compare/batches/<int:batch_id>/", batches.batch, name="compare_batch"),
    path("compare/batches/<int:batch_id>/state/", batches.state, name="compare_batch_state"),
    path("compare/batches/<int:batch_id>/change/", batches.change, name="compare_batch_change"),
    path("compare/batches/<int:batch_id>/export/", batches.export, name="compare_batch_export"),
    path("compare/batches/<int:batch_id>/file/", filling.from_file, name="compare_batch_file"),
    path("compare/batches/<int:batch_id>/products/", filling.from_products, name="compare_batch_products"),
    path("compare/batches/<int:batch_id>/pairs/", filling.pairs, name="compare_pairs"),
    path("compare/batches/<int:batch_id>/pairs/<int:item_id>/", filling.known, name="compare_known"),
    path("compare/leave/", work.leave, name="compare_leave"),
    path("compare/left/", work.left, name="compare_left"),
    path("compare/<int:batch_id>/", work.pair, name="compare_pair"),
    path("compare/<int:batch_id>/answer/", work.answer, name="compare_answer"),
    path("compare/<int:batch_id>/undo/", work.undo, name="compare_undo"),
    path("compare/<int:batch_id>/ahead/", work.ahead, name="compare_ahead"),
    path("compare/<int:batch_id>/beat/", work.beat, name="compare_beat"),
    path("compare/<int:batch_id>/unskip/", work.unskip, name="compare_unskip"),
    path("compare/<int:batch_id>/explained/<int:decision_id>/", work.explained, name="compare_explained"),
]
