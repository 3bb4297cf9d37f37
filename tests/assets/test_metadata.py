"""What a person sees beside each asset after a real run over the samples."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Processed

#: Asset → metadata that its page must show.
SHOWN = {
    "categories": {"dagster/row_count", "leaves", "labels", "preview"},
    "category_vectors": {"dagster/row_count", "embedded", "collection"},
    "category_model": {"labels", "classes", "automatic_threshold"},
    "templates": {"dagster/row_count", "preview"},
    "template_vectors": {"dagster/row_count", "embedded", "collection"},
    "product_vectors": {"dagster/row_count", "embedded", "indexed", "collection"},
    "product_categories": {"products", "decided_by", "asked", "needs_person", "cost_usd", "preview", "gateway"},
    "product_cards": {"made", "texts_asked", "left_for_later", "gateway"},
    "product_descriptions": {"asked", "written", "failed", "tokens", "cost_usd", "left_for_later", "gateway"},
    "moderation": {"approved", "sent_to_people", "rules", "waiting_for_people", "review_queue"},
    "published_products": {"dagster/row_count", "new", "updated", "unchanged", "held_back", "preview"},
    "storefront_export": {"dagster/row_count", "files", "place"},
}
PLOTTED = {"parsed_products", "product_categories", "product_descriptions", "published_products"}
_PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


def metadata_of(processed: Processed, asset: str) -> dict[str, Any]:
    """The newest materialisation of an asset in the session's runs."""
    import dagster as dg

    found = processed.instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert found is not None
    assert found.asset_materialization is not None
    return dict(found.asset_materialization.metadata)


@pytest.mark.parametrize("asset", SHOWN)
def test_each_asset_shows_counts_and_a_preview(processed_template: Processed, asset: str) -> None:
    found = metadata_of(processed_template, asset)
    assert SHOWN[asset] <= set(found)
    if "preview" in found:
        assert str(found["preview"].value).startswith("|") or "_columns" in str(found["preview"].value), "has rows"


def test_a_drop_shows_its_own_counts_on_its_partition(processed_template: Processed) -> None:
    told = processed_template.instance.all_logs(processed_template.runs["intake"])
    events = [one.asset_materialization for one in told if one.asset_materialization is not None]
    assert {event.partition for event in events} == set(processed_template.keys)
    for event in events:
        rows, accepted = event.metadata["rows"].value, event.metadata["accepted"].value
        assert rows == accepted + event.metadata["quarantined"].value + event.metadata["merged"].value


@pytest.mark.parametrize("asset", sorted(PLOTTED))
def test_plots_are_pictures_that_the_event_log_can_carry(processed_template: Processed, asset: str) -> None:
    pictures = [
        base64.b64decode(picture)
        for value in metadata_of(processed_template, asset).values()
        for picture in _PICTURE.findall(str(value.value))
    ]
    assert pictures, "at least one plot"
    for picture in pictures:
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < 50_000


def test_text_of_a_file_cannot_break_out_of_a_preview(processed_template: Processed) -> None:
    for asset in SHOWN:
        for name, value in metadata_of(processed_template, asset).items():
            if isinstance(value.value, str) and not _PICTURE.search(value.value):
                assert "<script" not in value.value, name
