"""Made-up files in the forms that other shops, parsers and suppliers leave: small, and of many kinds."""

from tests.feeds.samples.json_nested import json_nested
from tests.feeds.samples.json_posts import json_posts
from tests.feeds.samples.json_shops import json_shops
from tests.feeds.samples.json_wildberries import json_wildberries
from tests.feeds.samples.sample import Sample
from tests.feeds.samples.text_forms import text_forms
from tests.feeds.samples.text_shops import text_shops
from tests.feeds.samples.text_systems import text_systems
from tests.feeds.samples.workbooks import workbooks
from tests.feeds.samples.xml_feeds import xml_feeds

ALL: list[Sample] = [
    *text_shops(), *text_systems(), *text_forms(), *json_wildberries(), *json_shops(), *json_nested(), *json_posts(),
    *xml_feeds(), *workbooks(),
]  # fmt: skip
