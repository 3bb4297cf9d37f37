"""``image_analysis`` on the samples: what the pictures drawn on purpose come to."""

from __future__ import annotations

import base64
import re

import dagster as dg
import pytest

import tests.django_apps  # noqa: F401 - models are imported at the head
from tests.conftest import Processed
from vitrina.catalog.models import Product, Publication
from vitrina.content.models import Verdict
from vitrina.images.models import PictureAnalysis, PictureUrl

_SHEET = re.compile(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)")


def metadata(processed: Processed) -> dict[str, object]:
    found = processed.instance.get_latest_materialization_event(dg.AssetKey("image_analysis"))
    assert found is not None
    assert found.asset_materialization is not None
    return {name: value.value for name, value in found.asset_materialization.metadata.items()}


def test_the_run_shows_a_contact_sheet_that_the_event_log_can_carry(processed_template: Processed) -> None:
    shown = metadata(processed_template)
    [encoded] = _SHEET.findall(str(shown["contact_sheet"]))
    picture = base64.b64decode(encoded)
    assert picture.startswith(b"\xff\xd8\xff")
    assert len(picture) < 40_000
    assert shown["analysed"] == shown["pictures"]
    assert int(str(shown["pictures"])) > 150
    assert shown["failed"] == 0
    assert shown["vision_model"] == "none"


@pytest.mark.usefixtures("processed")
def test_no_product_but_the_one_of_another_colour_is_accused() -> None:
    assert not PictureAnalysis.objects.exclude(state="done").exists()
    accused = [
        verdict.version.product.external_id
        for verdict in Verdict.objects.select_related("version__product")
        if any(reason["rule"] == "picture_conflict" for reason in verdict.reasons)
    ]
    assert accused == ["231051633"]


@pytest.mark.usefixtures("processed")
def test_a_missing_and_a_broken_picture_hold_nothing_back() -> None:
    for external_id, reason in (("299846767", "not_found"), ("289546772", "truncated")):
        product = Product.objects.get(external_id=external_id)
        assert list(PictureUrl.objects.filter(shown_by__product=product).values_list("reason", flat=True)) == [reason]
        assert Publication.objects.filter(product=product, state="published").exists()
