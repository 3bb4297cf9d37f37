"""Addresses of this application's pages. A page says who may open it (``opens_for``)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from vitrina.workbench.views import backgrounds, changing, processing, product, products, uploads

urlpatterns: list[URLPattern | URLResolver] = [
    path("products/", products.products, name="products"),
    path("products/<int:product_id>/", product.product, name="product"),
    path("products/<int:product_id>/edit/", changing.product_edit, name="product_edit"),
    path("products/<int:product_id>/again/", changing.product_again, name="product_again"),
    path("products/<int:product_id>/back/", changing.product_back, name="product_back"),
    path("products/<int:product_id>/shown/", changing.product_shown, name="product_shown"),
    path("products/<int:product_id>/processing/", processing.product_processing, name="product_processing"),
    path("runs/<uuid:run_id>/", processing.run, name="run"),
    path("runs/<uuid:run_id>/state/", processing.run_state, name="run_state"),
    path("backgrounds/", backgrounds.backgrounds, name="backgrounds"),
    path("backgrounds/<uuid:cutout_id>/", backgrounds.background, name="background"),
    path("backgrounds/<uuid:cutout_id>/state/", backgrounds.background_state, name="background_state"),
    path("backgrounds/<uuid:cutout_id>/<slug:part>.file", backgrounds.background_file, name="background_file"),
    path("drops/new/", uploads.drop_upload, name="drop_upload"),
    path("drops/new/<uuid:upload_id>/", uploads.upload, name="upload"),
    path("drops/new/<uuid:upload_id>/state/", uploads.upload_state, name="upload_state"),
    path("drops/new/<uuid:upload_id>/columns/", uploads.upload_columns, name="upload_columns"),
    path("drops/new/<uuid:upload_id>/place/", uploads.upload_place, name="upload_place"),
    path("drops/new/<uuid:upload_id>/discard/", uploads.upload_discard, name="upload_discard"),
    path("drops/<int:drop_id>/", uploads.drop_progress, name="drop_progress"),
    path("drops/<int:drop_id>/state/", uploads.drop_state, name="drop_state"),
]
