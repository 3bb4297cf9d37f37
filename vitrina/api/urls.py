"""Addresses of the API, version 1."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from vitrina.api.views import batches, catalogue, described, moderation, own, processing, reference, transfers, work

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me", own.Me.as_view(), name="me"),
    path("keys", own.KeyList.as_view(), name="keys"),
    path("keys/<uuid:number>", own.KeyOne.as_view(), name="key"),
    path("items/next", work.Next.as_view(), name="next"),
    path("leases/release", work.ReleaseAll.as_view(), name="release_all"),
    path("leases/<uuid:token>/decide", work.Decide.as_view(), name="decide"),
    path("leases/<uuid:token>/beat", work.Beat.as_view(), name="beat"),
    path("leases/<uuid:token>/release", work.Release.as_view(), name="release"),
    path("leases/<uuid:token>/skip", work.Skip.as_view(), name="skip"),
    path("leases/<uuid:token>/flag", work.Flag.as_view(), name="flag"),
    path("decisions/mine", own.OwnList.as_view(), name="own_decisions"),
    path("decisions/mine/<int:decision_id>", own.OwnOne.as_view(), name="own_decision"),
    path("decisions/undo", own.Undo.as_view(), name="undo"),
    path("decisions", transfers.Decisions.as_view(), name="decisions"),
    path("decisions/export", transfers.DecisionsExport.as_view(), name="decisions_export"),
    path("items", moderation.Items.as_view(), name="items"),
    path("items/export", transfers.ItemsExport.as_view(), name="items_export"),
    path("items/decide", moderation.DecideMany.as_view(), name="items_decide"),
    path("items/assign", moderation.Assign.as_view(), name="items_assign"),
    path("items/<int:item_id>", moderation.ItemOne.as_view(), name="item"),
    path("items/<int:item_id>/claim", moderation.Claim.as_view(), name="claim"),
    path("flags", moderation.Flags.as_view(), name="flags"),
    path("flags/<int:item_id>", moderation.FlagOne.as_view(), name="flag_answer"),
    path("batches", batches.BatchList.as_view(), name="batches"),
    path("batches/<int:batch_id>", batches.BatchOne.as_view(), name="batch"),
    path("batches/<int:batch_id>/progress", batches.BatchProgress.as_view(), name="batch_progress"),
    path("batches/<int:batch_id>/gold", batches.BatchGold.as_view(), name="batch_gold"),
    path("batches/<int:batch_id>/void", batches.BatchVoid.as_view(), name="batch_void"),
    path("batches/<int:batch_id>/pairs", transfers.PairsImport.as_view(), name="pairs_import"),
    path("batches/<int:batch_id>/votes", transfers.VotesImport.as_view(), name="votes_import"),
    path("guidelines", batches.Guidelines.as_view(), name="guidelines"),
    path("guidelines/<int:guidelines_id>", batches.GuidelinesOne.as_view(), name="guidelines_one"),
    path("products", catalogue.Products.as_view(), name="products"),
    path("products/<int:product_id>", catalogue.ProductOne.as_view(), name="product"),
    path("products/<int:product_id>/versions", catalogue.Versions.as_view(), name="versions"),
    path("products/<int:product_id>/process", processing.Process.as_view(), name="process"),
    path("runs/<uuid:run_id>", processing.RunOne.as_view(), name="run"),
    path("versions/<int:version_id>", catalogue.VersionOne.as_view(), name="version"),
    path("logs", catalogue.Logs.as_view(), name="logs"),
    path("categories", reference.Categories.as_view(), name="categories"),
    path("templates", reference.Templates.as_view(), name="templates"),
    path("templates/<str:name>", reference.TemplateOne.as_view(), name="template"),
    path("statistics", reference.Statistics.as_view(), name="statistics"),
    path("schema", described.Schema.as_view(), name="schema"),
    path("docs", described.swagger, name="swagger"),
    path("redoc", described.redoc, name="redoc"),
    path("redoc.js", described.redoc_script, name="redoc_script"),
    re_path(r"^(?P<rest>.*)$", described.Unknown.as_view(), name="unknown"),
]
